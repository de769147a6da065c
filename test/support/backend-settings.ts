import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { redisWanted, startRedisServer } from './redis-server.js';

/** A backend that a whole pipeline runs on in a test: what its settings name, and how it is ended. */
export interface BackendSettings {
  readonly settings: { readonly state: string; readonly redisUrl?: string };
  /** Ends the server and removes the state folder. */
  stop(): Promise<void>;
}

async function stateFolder(): Promise<string> {
  return mkdtemp(path.join(tmpdir(), 'galley-state-'));
}

async function embedded(): Promise<BackendSettings> {
  const state = await stateFolder();
  return { settings: { state }, stop: () => rm(state, { recursive: true, force: true, maxRetries: 10 }) };
}

async function redis(): Promise<BackendSettings> {
  const [state, server] = await Promise.all([stateFolder(), startRedisServer()]);
  return {
    settings: { state, redisUrl: server.url },
    async stop() {
      await server.stop();
      await rm(state, { recursive: true, force: true });
    },
  };
}

/** The backends that a whole pipeline is tested on here. */
export function backendSettings(): { name: string; open: () => Promise<BackendSettings> }[] {
  return [{ name: 'embedded', open: embedded }, ...(redisWanted() ? [{ name: 'redis', open: redis }] : [])];
}
