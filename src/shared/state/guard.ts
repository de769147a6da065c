import type { CommitPort, StateStore } from './contract.js';
import { storeCall, storePages } from './store-call.js';

/** A backend's store before its errors are made ours. */
export type Unguarded = StateStore & CommitPort;

/** The store with every call's errors told as `StateStoreError`, saying what was being done. */
export function guardStore(store: Unguarded): Unguarded {
  return {
    logId: store.logId,
    namespace: store.namespace,
    nextNumbers: (count) => storeCall('numbering observations', () => store.nextNumbers(count)),
    sources: (keys) => storeCall('reading sources', () => store.sources(keys)),
    scanSources: (prefix) => storePages('scanning sources', store.scanSources(prefix)),
    rejectedSources: () => storePages('scanning rejected sources', store.rejectedSources()),
    commit: (inputs) => storeCall('committing', () => store.commit(inputs)),
    transact: (work) => storeCall('committing', () => store.transact(work)),
    article: (id) => storeCall('reading an article', () => store.article(id)),
    scanArticles: () => storePages('scanning articles', store.scanArticles()),
    counts: () => storeCall('counting', () => store.counts()),
    logExtent: () => storeCall('reading the extent of the log', () => store.logExtent()),
    readLog: (after, limit) => storeCall('reading the log', () => store.readLog(after, limit)),
    numberBefore: (time) => storeCall('looking up a time in the log', () => store.numberBefore(time)),
    trimLog: (limits) => storeCall('trimming the log', () => store.trimLog(limits)),
    skipLogTo: (number) => storeCall('numbering the log on', () => store.skipLogTo(number)),
    sinks: () => storeCall('reading the places of sinks', () => store.sinks()),
    registerSink: (name) => storeCall('registering a sink', () => store.registerSink(name)),
    forgetSink: (name) => storeCall('forgetting a sink', () => store.forgetSink(name)),
    leaseSink: (name) => storeCall("taking a sink's lease", () => store.leaseSink(name)),
    moveSink: (name, epoch, number) =>
      storeCall("moving a sink's cursor", () => store.moveSink(name, epoch, number)),
    setSink: (name, number) => storeCall("setting a sink's cursor", () => store.setSink(name, number)),
    noteSinkTrouble: (name, trouble) =>
      storeCall("noting a sink's trouble", () => store.noteSinkTrouble(name, trouble)),
    addDeadLetter: (letter) => storeCall('adding a dead letter', () => store.addDeadLetter(letter)),
    deadLetters: (sink) => storeCall('reading dead letters', () => store.deadLetters(sink)),
    putBlob: (fingerprint, text) => storeCall('keeping a text', () => store.putBlob(fingerprint, text)),
    blob: (fingerprint) => storeCall('reading a text', () => store.blob(fingerprint)),
    ping: () => storeCall('asking whether it answers', () => store.ping()),
    reset: () => storeCall('emptying the namespace', () => store.reset()),
    close: () => storeCall('closing', () => store.close()),
  };
}
