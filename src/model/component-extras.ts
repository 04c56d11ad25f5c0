import { RawJson, type Json } from './json';
import type { Component } from './records';

/** Keys of ours in a component's record, beyond zk-tree 9: readers that do not know them pass them by. */
export const WEB_URL_KEY = 'web_url';
export const BUILDER_ID_KEY = 'builder_id';
export const CONFIG_ERROR_KEY = 'config_error';

/** Where a component serves HTTP, without a slash at the end; undefined if it says nothing, or nothing of use. */
export function webUrlOf(component: Component): string | undefined {
  const text = extra(component, WEB_URL_KEY);
  return text !== undefined && /^https?:\/\/[^\s/?#@]+(\/[^\s?#]*)?$/.test(text) ? text.replace(/\/+$/, '') : undefined;
}

/** A builder's id, as in `builder_id` of its builds. */
export function builderIdOf(component: Component): string | undefined {
  return extra(component, BUILDER_ID_KEY);
}

/** Why a component works by an older configuration than the files hold; undefined if it does not. */
export function configErrorOf(component: Component): string | undefined {
  return extra(component, CONFIG_ERROR_KEY);
}

/** A record in the tree is no place for a long list of mistakes. */
const LONGEST_ERROR = 500;

/** The `unknown` of a component with what is wrong with its configuration, or with nothing wrong: the first line. */
export function withConfigError(
  unknown: Component['unknown'],
  problem: string | undefined,
): Readonly<Record<string, RawJson>> {
  const { [CONFIG_ERROR_KEY]: _before, ...others } = unknown ?? {};
  if (problem === undefined) return others;
  const [first = '', ...more] = problem.split('\n');
  const text = first.slice(0, LONGEST_ERROR) + (more.length === 0 ? '' : ` (and ${more.length} more)`);
  return { ...others, [CONFIG_ERROR_KEY]: RawJson.of(text) };
}

/** What a builder says of itself beyond the common keys; to be its `unknown`. */
export function builderExtras(facts: {
  readonly builderId: string;
  readonly webUrl: string | undefined;
}): Readonly<Record<string, RawJson>> {
  return {
    [BUILDER_ID_KEY]: RawJson.of(facts.builderId),
    ...(facts.webUrl === undefined ? {} : { [WEB_URL_KEY]: RawJson.of(facts.webUrl) }),
  };
}

/**
 * The builder that has, or had, the files of a build: by its id, which is exact, or else by the host, whose name may be with
 * or without domain on either side.
 */
export function builderOf<E extends { readonly component: Component }>(
  builders: Iterable<E>,
  build: { readonly builder: string | null; readonly builderId: string | null },
): E | undefined {
  const all = [...builders];
  const byId = build.builderId === null ? undefined : all.find((it) => builderIdOf(it.component) === build.builderId);
  if (byId !== undefined || build.builder === null) return byId;
  const short = (name: string) => name.split('.')[0];
  const mayBe = all.filter((it) => {
    const { hostname } = it.component;
    const isShort = !hostname.includes('.') || !build.builder!.includes('.');
    return builderIdOf(it.component) === undefined || build.builderId === null
      ? hostname === build.builder || (isShort && short(hostname) === short(build.builder!))
      : false;
  });
  return mayBe.find((it) => webUrlOf(it.component) !== undefined) ?? mayBe[0];
}

function extra(component: Component, key: string): string | undefined {
  const raw = component.unknown?.[key];
  const value: Json | undefined = raw?.value();
  return typeof value === 'string' ? value : undefined;
}
