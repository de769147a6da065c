import { describe, expect, it } from 'vitest';
import { nextStep, type Progress } from '../../src/watcher/whole-file.js';

const NOW = 1_800_000_000_000;

function progress(change: Partial<Progress> & { writtenMsAgo?: number; renamed?: boolean }): Progress {
  const mtimeNs = BigInt(NOW - (change.writtenMsAgo ?? 10)) * 1_000_000n;
  return {
    look: { bytes: 1, mtimeNs, ctimeNs: change.renamed ? mtimeNs + 1n : mtimeNs, inode: 1n, device: 1n },
    nowMs: NOW,
    firstSeenMs: NOW - 5,
    changedMs: NOW - 5,
    writers: 'unasked',
    content: 'unread',
    ...change,
  };
}

describe('whether a file is whole', () => {
  it('takes what was renamed into place at once', () => {
    expect(nextStep(progress({ renamed: true }))).toBe('take');
  });
  it('takes what nobody wrote to for 2 s', () => {
    expect(nextStep(progress({ writtenMsAgo: 2001 }))).toBe('take');
  });
  it('asks for writers of what is fresh', () => {
    expect(nextStep(progress({}))).toBe('ask');
  });
  it('waits while a process has it open for writing, whatever is in it', () => {
    expect(nextStep(progress({ writers: 'open' }))).toBe('wait');
  });
  it('reads what is closed, to see whether it is an article', () => {
    expect(nextStep(progress({ writers: 'closed' }))).toBe('read');
  });
  it('gives what is no article yet 2 s from when it was written', () => {
    const closed = { writers: 'closed', content: 'invalid' } as const;
    expect(nextStep(progress({ ...closed, writtenMsAgo: 1999 }))).toBe('wait');
    expect(nextStep(progress({ ...closed, writtenMsAgo: 2000 }))).toBe('take');
  });
  it('wants 50 ms of stillness where writers cannot be told', () => {
    expect(nextStep(progress({ writers: 'unknown', changedMs: NOW - 49 }))).toBe('wait');
    expect(nextStep(progress({ writers: 'unknown', changedMs: NOW - 50 }))).toBe('read');
  });
  it('does not wait for ever for a file with a time in the future', () => {
    const future = { writtenMsAgo: -3_600_000, writers: 'closed', content: 'invalid' } as const;
    expect(nextStep(progress(future))).toBe('wait');
    expect(nextStep(progress({ ...future, firstSeenMs: NOW - 2000 }))).toBe('take');
  });
});
