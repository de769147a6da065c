import { createRequire } from 'node:module';
import { eventSchema, type GalleyEvent } from '../../src/shared/events/event.js';
import { jsonSchemaOf } from '../../src/shared/events/json-schema.js';

interface Validate {
  (value: unknown): boolean;
  errors?: unknown;
}

/** Fails unless every event fits both the zod schema and the JSON Schema, and the events of each log are in order, once. */
export function checkEvents(events: readonly unknown[]): void {
  const fits = jsonSchemaValidator();
  const last = new Map<string, number>();
  const ids = new Set<string>();
  for (const value of events) {
    const event = eventSchema.parse(value);
    if (!fits(value)) {
      throw new Error(`${event.id} does not fit the JSON Schema: ${JSON.stringify(fits.errors)}`);
    }
    const [log = '', number = ''] = event.sequence.split('.');
    if (Number(number) <= (last.get(log) ?? 0)) throw new Error(`${event.sequence} comes out of order`);
    last.set(log, Number(number));
    if (ids.has(`${log} ${event.id}`)) throw new Error(`${event.id} comes twice`);
    ids.add(`${log} ${event.id}`);
  }
}

let validator: Validate | null = null;

/** By ajv, which comes with fastify; where it does not, the zod schema alone decides. */
function jsonSchemaValidator(): Validate {
  validator ??= compile(jsonSchemaOf('event'));
  return validator;
}

/** @throws when the schema is not a JSON Schema of the 2020-12 draft. */
export function compile(schema: object): Validate {
  const require = createRequire(import.meta.url);
  const name = 'ajv/dist/2020';
  let loaded: unknown;
  try {
    loaded = require(name);
  } catch {
    return () => true;
  }
  const { default: Ajv } = loaded as {
    default: new (options: object) => { compile(schema: object): Validate };
  };
  return new Ajv({ strict: false, allErrors: true, validateFormats: false }).compile(schema);
}

/** `created` of `galley.article.created`. */
export function kindOf({ type }: GalleyEvent): string {
  return type.slice('galley.article.'.length);
}
