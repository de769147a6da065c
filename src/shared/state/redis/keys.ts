/** The keys of one namespace's state: all under one hash tag, so that one script may touch them in a cluster. */
export interface StateKeys {
  /** Hash: `schema`, `log` (its id), `first` and `last` number and `time` of the log, `seen`, `articles`, `sources`. */
  readonly meta: string;
  /** Hash: source key → `<at> <row>`. */
  readonly sources: string;
  /** Set: keys of sources whose last reading was bad. */
  readonly rejected: string;
  /** Hash: article id → `<revision> <at> <sequence> <row>`, a line feed, and the record's body. */
  readonly articles: string;
  /** Stream: the event log, ids `<number>-0`. */
  readonly log: string;
  /** Hash: sink → `<number> <generation> <epoch> <moved at>`. */
  readonly sinks: string;
  /** Hash: sink → why its last delivery failed. */
  readonly troubles: string;
  /** Hash: event id → dead letter. */
  deadLetters(sink: string): string;
  blob(fingerprint: string): string;
  /** Matches all of these, as a pattern for SCAN. */
  readonly pattern: string;
}

export function stateKeys(namespace: string): StateKeys {
  const prefix = `{${namespace}:state}:`;
  return {
    meta: `${prefix}meta`,
    sources: `${prefix}sources`,
    rejected: `${prefix}rejected`,
    articles: `${prefix}articles`,
    log: `${prefix}log`,
    sinks: `${prefix}sinks`,
    troubles: `${prefix}troubles`,
    deadLetters: (sink) => `${prefix}dead:${sink}`,
    blob: (fingerprint) => `${prefix}blob:${fingerprint}`,
    pattern: `${literalPattern(prefix)}*`,
  };
}

/** A pattern for MATCH that finds this text alone. */
export function literalPattern(text: string): string {
  return text.replaceAll(/[\\*?[\]]/g, '\\$&');
}
