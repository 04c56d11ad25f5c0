import { z } from 'zod';
import { FOREIGN_DRIVERS, foreignProviderSection, topLevel } from './schema';
import type { DriverSchemas } from './parse';

type Schema = Record<string, unknown>;

/**
 * The published JSON Schema of the main file, for editors: the top level, and for each provider the section of its driver,
 * chosen by `driver` and by names that force the fake one (config.md 8).
 */
export function configJsonSchema(drivers: DriverSchemas): Schema {
  const top = sectionJsonSchema(topLevel);
  const properties = top['properties'] as Record<string, Schema>;
  const names = [...drivers.keys()].sort();
  const sections = Object.fromEntries(names.map((it) => [definition(it), sectionJsonSchema(drivers.get(it)!.schema)]));
  return {
    $schema: 'https://json-schema.org/draft/2020-12/schema',
    title: 'nodepool.yaml',
    ...top,
    properties: {
      ...properties,
      providers: { ...properties['providers'], type: 'array', items: { $ref: '#/$defs/provider' } },
    },
    $defs: {
      provider: providerSchema(names),
      'foreign-provider': sectionJsonSchema(foreignProviderSection),
      ...sections,
    },
  };
}

const definition = (driver: string) => `${driver}-provider`;

/** `if`/`then` rather than `anyOf`, so that an editor tells what is wrong with the one driver that is meant. */
function providerSchema(drivers: readonly string[]): Schema {
  const isFake = { properties: { name: { type: 'string', pattern: '^fake' } }, required: ['name'] };
  const others = drivers.filter((it) => it !== 'fake');
  const byDriver = others.map((driver) => ({
    if: {
      not: isFake,
      properties: { driver: { const: driver } },
      ...(driver === 'openstack' ? {} : { required: ['driver'] }),
    },
    then: { $ref: `#/$defs/${definition(driver)}` },
  }));
  return {
    type: 'object',
    properties: { driver: { enum: [...drivers, ...FOREIGN_DRIVERS].sort() } },
    required: ['name'],
    allOf: [
      {
        if: { anyOf: [isFake, { properties: { driver: { const: 'fake' } }, required: ['driver'] }] },
        then: { $ref: `#/$defs/${definition('fake')}` },
      },
      ...byDriver,
      {
        if: { not: isFake, properties: { driver: { enum: FOREIGN_DRIVERS } }, required: ['driver'] },
        then: { $ref: '#/$defs/foreign-provider' },
      },
    ],
  };
}

/** One section in words of JSON Schema: what may stand in the file, before defaults are filled in. */
export function sectionJsonSchema(schema: z.ZodType): Schema {
  const { $schema: _dialect, ...rest } = z.toJSONSchema(schema, {
    io: 'input',
    unrepresentable: 'any',
    reused: 'inline',
    override: ({ jsonSchema }) => {
      // zod says of every integer that a double can hold it.
      if (jsonSchema.minimum === Number.MIN_SAFE_INTEGER) delete jsonSchema.minimum;
      if (jsonSchema.maximum === Number.MAX_SAFE_INTEGER) delete jsonSchema.maximum;
    },
  });
  return rest as Schema;
}

/** As a file: stable, two blanks deep. */
export function configJsonSchemaText(drivers: DriverSchemas): string {
  return `${JSON.stringify(configJsonSchema(drivers), null, 2)}\n`;
}
