import { FAILSAFE_SCHEMA, Type } from 'js-yaml';

const NULL = new Set(['', '~', 'null', 'Null', 'NULL']);
const TRUE = new Set(['true', 'True', 'TRUE']);
const FALSE = new Set(['false', 'False', 'FALSE']);

const INTEGER = /^-?(?:0|[1-9]\d*)$/;
const FLOAT = /^-?(?:0|[1-9]\d*)(?:\.\d+(?:[eE][-+]?\d+)?|[eE][-+]?\d+)$/;

/** A double holds 15 decimal digits whatever they are. */
const EXACT_DIGITS = 15;

function isText(data: unknown): data is string {
  return typeof data === 'string';
}

/** Most plain scalars are words: their first character tells at once that they are no number. */
function mayBeNumber(text: string): boolean {
  const first = text.charCodeAt(0);
  return (first >= 48 && first <= 57) || first === 45;
}

function isInteger(data: unknown): boolean {
  return isText(data) && mayBeNumber(data) && INTEGER.test(data) && Number.isSafeInteger(Number(data));
}

function isFloat(data: unknown): boolean {
  if (!isText(data) || !mayBeNumber(data) || !FLOAT.test(data)) return false;
  const digits = data
    .replace(/[eE].*$/, '')
    .replace(/[^\d]/g, '')
    .replace(/^0+/, '').length;
  return digits <= EXACT_DIGITS && Number.isFinite(Number(data));
}

/** Adding nothing turns the zero with a sign, which JSON cannot tell, into the other one. */
const toNumber = (data: string): number => Number(data) + 0;

/**
 * The YAML that front matter is read with. Null and booleans are those of YAML 1.2 core, so that `no` and `off` are
 * text. A number is what JSON calls one, and only where a double holds all its digits: `12:30`, `007`, `0x1F`, `1_000`,
 * `.inf` and account numbers of 20 digits stay the text that was written. There are no timestamps (js-yaml turns
 * 2026-02-31 into 3 March: `dates.ts` judges the text), no merge keys, no binary, no sets.
 */
export const FRONT_MATTER_SCHEMA = FAILSAFE_SCHEMA.extend({
  implicit: [
    new Type('tag:yaml.org,2002:null', {
      kind: 'scalar',
      resolve: (data: unknown) => data === null || (isText(data) && data.length < 5 && NULL.has(data)),
      construct: () => null,
    }),
    new Type('tag:yaml.org,2002:bool', {
      kind: 'scalar',
      resolve: (data: unknown) =>
        isText(data) && (data.length === 4 || data.length === 5) && (TRUE.has(data) || FALSE.has(data)),
      construct: (data: string) => TRUE.has(data),
    }),
    new Type('tag:yaml.org,2002:int', { kind: 'scalar', resolve: isInteger, construct: toNumber }),
    new Type('tag:yaml.org,2002:float', { kind: 'scalar', resolve: isFloat, construct: toNumber }),
  ],
});
