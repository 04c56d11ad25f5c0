import { parseComponent, printComponent } from '../../../src/model/component-record';
import { builderExtras, builderIdOf, builderOf, webUrlOf } from '../../../src/model/component-extras';
import { RawJson } from '../../../src/model/json';
import type { Component } from '../../../src/model/records';

const builder = (
  hostname: string,
  extras: Readonly<Record<string, RawJson>> = {},
): { readonly component: Component } => ({
  component: { kind: 'builder', hostname, state: 'running', version: null, modelApi: 0, unknown: extras },
});

test('what a builder says of itself comes back from the tree', () => {
  const { component } = builder('nb01', builderExtras({ builderId: 'abc', webUrl: 'http://nb01:8006' }));
  const read = parseComponent(printComponent(component));
  expect([webUrlOf(read), builderIdOf(read)]).toEqual(['http://nb01:8006', 'abc']);
  const silent = builder('nb01', builderExtras({ builderId: 'abc', webUrl: undefined })).component;
  expect([webUrlOf(silent), printComponent(silent).toString().includes('web_url')]).toEqual([undefined, false]);
});

test.each([
  ['http://nb01:8006/', 'http://nb01:8006'],
  ['https://[::1]:8006/builder', 'https://[::1]:8006/builder'],
  ['javascript:alert(1)', undefined],
  ['http://me:hunter2@nb01', undefined],
  ['http://nb01/?x', undefined],
  ['http://', undefined],
  [5, undefined],
  [null, undefined],
])('the address %j is read as %s', (stored, expected) => {
  expect(webUrlOf(builder('nb01', { web_url: RawJson.of(stored) }).component)).toBe(expected);
});

const ours = (hostname: string, builderId: string) =>
  builder(hostname, builderExtras({ builderId, webUrl: 'http://x' }));
const [one, two, old] = [ours('nb01', '1'), ours('nb02', '2'), builder('nb03.example.org')];

test.each([
  ['by id, whatever the host is called now', { builder: 'gone.example.org', builderId: '2' }, two],
  ['by id, not by host: another builder may run there', { builder: 'nb01.example.org', builderId: '9' }, undefined],
  ['by host where one of them tells no id', { builder: 'nb03.example.org', builderId: '9' }, old],
  ['by the short name', { builder: 'nb03', builderId: null }, old],
  ['not by the first part of two long names', { builder: 'nb03.example.com', builderId: null }, undefined],
  ['not at all', { builder: null, builderId: null }, undefined],
])('a build finds its builder %s', (_title, build, expected) => {
  expect(builderOf([one, two, old], build)).toBe(expected);
});
