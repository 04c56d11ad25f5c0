import { parse } from './schemas';

const said = (text: string, env = {}) =>
  parse(text, { env }).problems.map(({ line, column, key, message, atLoad, atValidate }) => ({
    place: `${line}:${column} ${key}`,
    message,
    verdict: `${atLoad} ${atValidate}`,
  }));

describe('variables that are not set', () => {
  const message = 'the environment variable NODEPOOL_HOST is not set: %(NODEPOOL_HOST) is taken as it stands';

  test('are told with their place, once for each value', () => {
    const text = `# %(NODEPOOL_OTHER) in a comment is no harm
zookeeper-servers:
  - host: zk.%(NODEPOOL_HOST)
    port: 2181
diskimages:
  - name: a
    env-vars: &all {HOST: "%(NODEPOOL_HOST)", SET: "%(NODEPOOL_SET)", format: '%(message)s %(NODEPOOL_HOST)s'}
    formats: [raw]
  - {name: b, env-vars: *all, formats: [raw]}
`;
    expect(said(text, { NODEPOOL_SET: 'x' })).toEqual([
      { place: '3:5 zookeeper-servers[0].host', message, verdict: 'warning warning' },
      { place: '7:21 diskimages[0].env-vars.HOST', message, verdict: 'warning warning' },
    ]);
  });

  test('are told with their hint where they stand unquoted in front of a value: that is no YAML', () => {
    const [problem] = parse('zookeeper-servers:\n  - host: %(NODEPOOL_HOST)\n').problems;
    expect(problem).toMatchObject({
      line: 2,
      hint: 'the environment variable NODEPOOL_HOST is not set',
      atLoad: 'error',
    });
  });

  test('others are never put in', () => {
    expect(said('images-dir: /%(HOME)/images', { HOME: '/root' })).toMatchObject([
      { place: '1:1 images-dir', message: expect.stringMatching(/only variables whose names begin with NODEPOOL_/) },
    ]);
  });
});

describe('machines that are listed twice', () => {
  const provider = (name: string, ...pools: string[]) =>
    `  - name: ${name}\n    driver: static\n    pools:\n${pools.map((it, at) => `      - {name: p${at}, nodes: [${it}]}\n`).join('')}`;
  const file = (...providers: string[]) => `labels: [{name: a}]\nproviders:\n${providers.join('')}`;
  const host = '{name: h, labels: [a]}';

  test.each([
    [
      'in two pools',
      file(provider('s', host, '{name: h, labels: [a], connection-port: 22, username: zuul}')),
      '7:29 providers[0].pools[1].nodes[0].name',
      'the machine zuul@h:22 is listed already (providers[0].pools[0].nodes[0], line 6): the first entry counts',
    ],
    [
      'in two providers',
      file(provider('s', host), provider('t', host)),
      '10:29 providers[1].pools[0].nodes[0].name',
      'the machine zuul@h:22 is listed already (providers[0].pools[0].nodes[0], line 6): both providers hand it out, each as often as it says',
    ],
  ])('%s', (_title, text, place, message) => {
    expect(said(text)).toEqual([{ place: expect.any(String), message, verdict: 'warning warning' }]);
    expect(said(text)[0]!.place).toBe(place);
  });

  test('another port, user or name is another machine', () => {
    const others = [
      '{name: h, labels: [a], connection-port: 23}',
      '{name: h, labels: [a], username: x}',
      '{name: i, labels: [a]}',
    ];
    expect(said(file(provider('s', host, ...others)))).toEqual([]);
  });
});
