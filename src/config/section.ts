/** A part of the file after its schema. Drivers know its type; here only keys that several drivers share are read. */
export type Section = Readonly<Record<string, unknown>>;

export const asText = (value: unknown) => (typeof value === 'string' && value !== '' ? value : undefined);
export const asNumber = (value: unknown) => (typeof value === 'number' ? value : undefined);
export const asFlag = (value: unknown) => (typeof value === 'boolean' ? value : undefined);
export const asList = (value: unknown): readonly unknown[] => (Array.isArray(value) ? value : []);
export const asMap = (value: unknown) =>
  typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Section) : undefined;

export function asTextMap(value: unknown): Record<string, string> {
  return Object.fromEntries(Object.entries(asMap(value) ?? {}).map(([key, inner]) => [key, String(inner)]));
}
