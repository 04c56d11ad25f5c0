import { runSoak } from './soak';

const SEED = Number(process.env['SOAK_SEED'] ?? 20_260);
const SECONDS = 45;

test(`three launchers that are killed, frozen and cut off leave nothing behind (SOAK_SEED=${SEED})`, async () => {
  const said: string[] = [];
  const report = await runSoak({ seconds: SECONDS, seed: SEED, say: (text) => said.push(text) });
  if (report.violations.length > 0) process.stderr.write(`${said.join('\n')}\n`); // what led to it, for whoever has to find out
  expect(report.violations).toEqual([]);
  expect(report.outcomes['used']).toBeGreaterThan(0);
}, 400_000);
