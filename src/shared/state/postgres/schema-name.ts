/**
 * The schema of a namespace, or of a part of it: `my-site` is `my$site`, its queues `my$site$queues`. A `-` would have
 * to be quoted by everybody who looks; `$` may stand in a name and in no namespace.
 *
 * @param suffix what the schema holds beside the state, whose own schema has none.
 */
export function schemaName(namespace: string, suffix?: string): string {
  const name = suffix === undefined ? namespace : `${namespace}-${suffix}`;
  return name.replaceAll('-', '$');
}

/** A name as it stands in SQL. */
export function quoteName(name: string): string {
  return `"${name.replaceAll('"', '""')}"`;
}
