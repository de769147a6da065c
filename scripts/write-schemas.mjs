// `npm run schemas`: writes the JSON Schemas of what goes in and comes out to `schemas/`, from the schemas that check it.
// CI fails when they are stale.

import { mkdir, writeFile } from 'node:fs/promises';
import { jsonSchemaOf, SCHEMA_NAMES } from '../dist/shared/events/json-schema.js';

const folder = new URL('../schemas/', import.meta.url);
await mkdir(folder, { recursive: true });
for (const name of SCHEMA_NAMES) {
  const text = `${JSON.stringify(jsonSchemaOf(name), null, 2)}\n`;
  await writeFile(new URL(`${name}.schema.json`, folder), text);
}
