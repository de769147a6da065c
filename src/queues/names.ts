/** The queues of a pipeline. `articles` is fed by the watcher; an article with pictures goes on as a flow. */
export const STAGE_QUEUES = ['articles', 'images', 'scores'] as const;
export type StageQueue = (typeof STAGE_QUEUES)[number];

/** The queue of one sink: worked only by processes that were started with that sink. */
export function deliveryQueue(sink: string): string {
  return `deliveries-${sink}`;
}

/**
 * Key prefix of a queue on Redis. The braces are a cluster's hash tag: a flow cannot cross two, so `images` and
 * `scores` share one; each other queue has its own, so that a cluster spreads them over its masters.
 */
export function queuePrefix(namespace: string, queue: string): string {
  const group = queue === 'images' || queue === 'scores' ? 'pictures' : queue;
  return `{${namespace}:${group}}`;
}
