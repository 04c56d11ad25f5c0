import { runSoak } from './soak';

const SEED = Number(process.env['SOAK_SEED'] ?? 20_260);
const SECONDS = 45;

test(`three launchers that are killed, frozen and cut off leave nothing behind (SOAK_SEED=${SEED})`, async () => {
  const said: string[] = [];
  const report = await runSoak({ seconds: SECONDS, seed: SEED, say: (text) => said.push(text) });
  expect({ said: said.filter((it) => it.startsWith('VIOLATION')), violations: report.violations }).toEqual({
    said: [],
    violations: [],
  });
  expect(report.outcomes['used']).toBeGreaterThan(10);
}, 400_000);
