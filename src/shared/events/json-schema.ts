import { z } from 'zod';
import { articleFileSchema } from '../article/file-schema.js';
import { recordSchema } from '../record/schema.js';
import { SCHEMA_VERSION } from './compose.js';
import { eventSchema } from './event.js';

const SCHEMAS = { article: articleFileSchema, record: recordSchema, event: eventSchema } as const;
export const SCHEMA_NAMES = Object.keys(SCHEMAS) as readonly SchemaName[];
export type SchemaName = keyof typeof SCHEMAS;

/** JSON Schema (2020-12) of what goes in or comes out, made from the schemas that check it. */
export function jsonSchemaOf(name: SchemaName): object {
  return {
    $id: `urn:galley:schema:${name}:${SCHEMA_VERSION}`,
    title: `Galley ${name}`,
    ...z.toJSONSchema(SCHEMAS[name], { io: name === 'article' ? 'input' : 'output' }),
  };
}
