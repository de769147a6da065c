import { decodeArticle, decodeSource } from '../row-encoding.js';
import type { ArticleRow, SourceRow } from '../rows.js';

/** A source's row from its value in the hash, `<at> <row>`. */
export function parseSource(key: string, value: string): SourceRow {
  const space = value.indexOf(' ');
  return decodeSource(key, Number(value.slice(0, space)), value.slice(space + 1));
}

/** An article's row from its value in the hash, `<revision> <at> <sequence> <row>`, a line feed, the body. */
export function parseArticle(id: string, value: string): ArticleRow {
  // JSON of one line: the first line feed ends the row.
  const end = value.indexOf('\n');
  const [revision, at, sequence] = value.slice(0, end).split(' ', 3);
  const header = `${revision} ${at} ${sequence} `.length;
  return decodeArticle({
    id,
    revision: Number(revision),
    at: Number(at),
    sequence: Number(sequence),
    text: value.slice(header, end),
    body: value.slice(end + 1),
  });
}
