/**
 * The yardstick: BullMQ alone, one job an article whose worker does nothing, on the same backend, at the same
 * concurrency, in the same process.
 * @returns jobs a second, from the first add to the last job done
 */
export async function measureNoop(backend, { count, concurrency, payloadBytes }) {
  const name = 'bench-noop';
  const queue = backend.queue(name);
  let done = 0;
  let finished;
  const all = new Promise((resolve) => {
    finished = resolve;
  });
  const worker = backend.worker(
    name,
    async () => {
      if (++done === count) finished();
    },
    { concurrency },
  );
  await worker.waitUntilReady();
  const data = { text: 'x'.repeat(payloadBytes) };
  const started = performance.now();
  for (let from = 0; from < count; from += 500) {
    const jobs = Array.from({ length: Math.min(500, count - from) }, () => ({
      name: 'noop',
      data,
      opts: { removeOnComplete: true },
    }));
    await queue.addBulk(jobs);
  }
  await all;
  const seconds = (performance.now() - started) / 1000;
  await worker.close();
  await queue.close();
  return count / seconds;
}
