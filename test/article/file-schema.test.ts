import { expect, it } from 'vitest';
import { declaredSchema } from '../../src/shared/article/declared.js';
import { articleFileSchema } from '../../src/shared/article/file-schema.js';

it('the schema that is handed out names the same fields as the one that checks', () => {
  const checked = Object.keys(declaredSchema({ maxTopics: 1 }).shape);
  expect(Object.keys(articleFileSchema.shape).sort()).toEqual(checked.sort());
});
