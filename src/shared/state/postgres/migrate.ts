import { randomBytes } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import type pg from 'pg';
import { StateStoreError } from '../../errors/errors.js';
import { checkSchemaVersion } from '../schema-version.js';
import { quoteName } from './schema-name.js';

/** In order; the number of those that have run is the schema version. What has been released is never changed. */
const MIGRATIONS = ['001-state.sql'] as const;

/**
 * Brings the schema of a namespace up to date, or makes it; answers the id of its log. One process at a time does so:
 * the others wait and find it done.
 *
 * @throws StateVersionError when a newer Galley has been here.
 */
export async function migrate(client: pg.ClientBase, schema: string, namespace: string): Promise<string> {
  await client.query('begin');
  try {
    await client.query('select pg_advisory_xact_lock(hashtextextended($1, 0))', [`galley:${schema}`]);
    const version = await currentVersion(client, schema);
    checkSchemaVersion(version, MIGRATIONS.length, namespace);
    for (const file of MIGRATIONS.slice(version)) {
      if (version === 0) await client.query(`create schema if not exists ${quoteName(schema)}`);
      await client.query(`set local search_path to ${quoteName(schema)}`);
      await client.query(await readFile(new URL(`./migrations/${file}`, import.meta.url), 'utf8'));
    }
    if (version < MIGRATIONS.length) await noteVersion(client, schema);
    const logId = await readMeta(client, schema, 'log');
    await client.query('commit');
    if (logId === undefined) throw new StateStoreError('Opening the state: its log has no id.');
    return logId;
  } catch (error) {
    await client.query('rollback').catch(() => undefined);
    throw error;
  }
}

async function currentVersion(client: pg.ClientBase, schema: string): Promise<number> {
  const { rows } = await client.query<{ there: boolean }>('select to_regclass($1) is not null as there', [
    `${quoteName(schema)}.meta`,
  ]);
  if (rows[0]?.there !== true) return 0;
  return Number((await readMeta(client, schema, 'schema')) ?? 0);
}

async function readMeta(client: pg.ClientBase, schema: string, name: string): Promise<string | undefined> {
  const { rows } = await client.query<{ value: string }>(
    `select value from ${quoteName(schema)}.meta where name = $1`,
    [name],
  );
  return rows[0]?.value;
}

async function noteVersion(client: pg.ClientBase, schema: string): Promise<void> {
  const table = `${quoteName(schema)}.meta`;
  await client.query(
    `insert into ${table} values ('schema', $1) on conflict (name) do update set value = excluded.value`,
    [String(MIGRATIONS.length)],
  );
  await client.query(`insert into ${table} values ('log', $1) on conflict (name) do nothing`, [
    randomBytes(8).toString('hex'),
  ]);
}
