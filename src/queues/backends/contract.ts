import type { FlowJob, IQueueBackend, Processor, Queue, Worker, WorkerOptions } from 'bullmq';
import type { GalleyError } from '../../shared/errors/errors.js';
import type { StateStore } from '../../shared/state/contract.js';

/** BullMQ's classes as Galley uses them: the same on every backend. */
export type JobQueue = Queue<unknown, unknown, string, unknown, unknown, string, IQueueBackend, unknown>;
export type JobWorker = Worker<unknown, unknown, string, IQueueBackend>;
/** Adds flows; each job goes to the queue that its `queueName` names. */
export interface JobFlows {
  addBulk(flows: readonly FlowJob[]): Promise<void>;
  close(): Promise<void>;
}
export type JobProcessor = Processor<unknown, unknown, string>;

/** What differs between backends, by name and with its reason; never asked by comparing a backend's name. */
export interface Capabilities {
  /** Whether one process owns the backend, so that roles cannot be spread over several. */
  readonly singleOwner: boolean;
}

export interface WorkerSettings extends Pick<WorkerOptions, 'concurrency' | 'autorun'> {
  readonly concurrency: number;
}

/**
 * Where queues and state live. Opened once per process; `close` ends every connection it made and, where it runs the
 * server itself, the server. Queues and workers are closed by whoever made them, before.
 *
 * Opening throws `BackendUnreachableError` within 15 s when nothing answers, `BackendUnfitError` when what answers is not set
 * up as it must be. Later failures are not thrown but told through `onTrouble`; calls wait and go on when it is back.
 */
export interface Backend {
  readonly name: string;
  /** Where it is, without any password, for people to read. */
  readonly address: string;
  readonly capabilities: Capabilities;
  readonly state: StateStore;

  queue(name: string): JobQueue;
  worker(name: string, processor: JobProcessor, settings: WorkerSettings): JobWorker;
  flows(): JobFlows;
  /** Null while all is well, else what is wrong. */
  trouble(): string | null;
  /** Calls when the backend answers again: it may have forgotten its last moments, which a scan finds. */
  onRecovered(listener: () => void): void;
  /** Resolves when the backend is gone and will not come back while this process lives. */
  readonly lost: Promise<GalleyError>;
  close(): Promise<void>;
}
