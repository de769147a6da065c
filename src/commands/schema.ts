import { nearest } from '../shared/config/explain.js';
import { UsageError } from '../shared/errors/errors.js';
import { jsonSchemaOf, SCHEMA_NAMES } from '../shared/events/json-schema.js';
import { EXIT, print, type CommandSpec } from './command.js';

export const schema: CommandSpec = {
  name: 'schema',
  args: '<name>',
  summary: 'Print the JSON Schema of article, record or event.',
  example: 'galley schema record > record.schema.json',
  options: [],
  quiet: true,
  async run({ args: [wanted = ''] }) {
    const name = SCHEMA_NAMES.find((candidate) => candidate === wanted);
    if (!name) {
      throw new UsageError(
        `There is no schema ${JSON.stringify(wanted)}; did you mean ${nearest(wanted, SCHEMA_NAMES)}?`,
      );
    }
    await print(JSON.stringify(jsonSchemaOf(name), null, 2));
    return EXIT.ok;
  },
};
