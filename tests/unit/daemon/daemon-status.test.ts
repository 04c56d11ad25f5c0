import { DaemonStatus } from '../../../src/daemon/daemon-status';
import { NO_MANAGER } from '../../../src/daemon/notify';
import { errorText } from '../../../src/runtime/log-text';
import { type Fields, type Logger, silentLogger } from '../../../src/runtime/log';

test('the log has what is wrong with the configuration once for all parts, without a stack', () => {
  const lines: string[] = [];
  const write = (message: string, fields?: Fields) =>
    void lines.push(fields === undefined ? message : `${message}\n${errorText(fields['err'])}`);
  const log: Logger = { ...silentLogger, info: write, error: write };
  const told: string[] = [];
  const manager = { ...NO_MANAGER, status: (text: string) => void told.push(text) };
  const status = new DaemonStatus(['launcher', 'builder'], manager, log);
  const both = (problem: string | undefined) => {
    for (const it of ['launcher', 'builder']) status.config(it, problem);
  };
  status.ready('launcher');
  status.ready('builder');
  both(undefined);
  both('n.yaml:3:1: labels: is no list');
  both('n.yaml:3:1: labels: is no list');
  expect(status.configProblem).toBe('n.yaml:3:1: labels: is no list');
  both('n.yaml:4:1: not YAML');
  both(undefined);
  expect(lines).toEqual([
    'configuration cannot be used\nn.yaml:3:1: labels: is no list',
    'configuration cannot be used\nn.yaml:4:1: not YAML',
    'configuration can be used again',
  ]);
  expect(told.at(-1)).toBe('running');
});
