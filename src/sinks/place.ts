import type { Place } from './contract.js';

/** `<log id>.<generation>.<number>`: the token that a sink keeps with what it took. */
export function formatPlace({ logId, generation, number }: Place): string {
  return `${logId}.${generation}.${number}`;
}

/** The place that a token stands for; null for any other text. */
export function parsePlace(text: string): Place | null {
  const match = /^([\w-]+)\.(\d{1,15})\.(\d{1,15})$/.exec(text);
  if (!match) return null;
  const [, logId = '', generation, number] = match;
  return { logId, generation: Number(generation), number: Number(number) };
}
