import { createHash } from 'node:crypto';
import type pg from 'pg';
import { quoteName } from './schema-name.js';

export type SqlValue = string | number | boolean | null | readonly (string | number | boolean | null)[];

/** Runs statements against the tables of one namespace. */
export interface Database {
  /** For statements on the hot path: parsed and planned once a connection. `name` names this text. */
  prepared<Row extends pg.QueryResultRow>(
    name: string,
    sql: string,
    values: readonly SqlValue[],
  ): Promise<Row[]>;
  query<Row extends pg.QueryResultRow>(sql: string, values?: readonly SqlValue[]): Promise<Row[]>;
}

/** In the texts, `@` before a name of a table or function stands for the namespace's schema. */
export function database(pool: pg.Pool, schema: string): Database {
  const qualifier = `${quoteName(schema)}.`;
  // Several namespaces may share a connection, and a prepared statement's name is the connection's.
  const mark = createHash('sha256').update(schema).digest('hex').slice(0, 12);
  const qualified = new Map<string, string>();
  const qualify = (sql: string): string => {
    const known = qualified.get(sql);
    if (known !== undefined) return known;
    const text = sql.replaceAll(/@(?=[a-z_])/g, () => qualifier);
    qualified.set(sql, text);
    return text;
  };
  return {
    async prepared<Row extends pg.QueryResultRow>(name: string, sql: string, values: readonly SqlValue[]) {
      const config = { name: `galley_${mark}_${name}`, text: qualify(sql), values: [...values] };
      return (await pool.query<Row>(config)).rows;
    },
    async query<Row extends pg.QueryResultRow>(sql: string, values: readonly SqlValue[] = []) {
      return (await pool.query<Row>(qualify(sql), [...values])).rows;
    },
  };
}
