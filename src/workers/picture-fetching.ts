import type { DeclaredImage, RecordImage } from '../shared/record/schema.js';

/** A picture that is to be fetched. */
export interface PictureAsk {
  readonly declared: DeclaredImage;
  readonly baseUrl: string | undefined;
  /** All that is left for it, in milliseconds. */
  readonly withinMs: number;
  /** Ends it: rejects with the signal's reason. */
  readonly signal?: AbortSignal;
}

export type PictureAnswer =
  | {
      readonly busy: false;
      readonly image: RecordImage;
      /** How long its host asked to be left alone, or still rests. */
      readonly retryAfterMs?: number;
    }
  | { readonly busy: true; readonly waitMs: number };

/** How the workers have pictures fetched. */
export interface PictureFetching {
  /**
   * Fetches, verifies and keeps one picture. What is wrong with the picture is in the answer; throws only what a second
   * attempt may mend, a full disk or a lost connection. Answers `busy` soon when its host has no free slot.
   */
  fetchPicture(ask: PictureAsk): Promise<PictureAnswer>;
  /** The longest that an article waits for a picture, in milliseconds. */
  readonly pictureMs: number;
  /** Aborted when this process has not the time to wait for hosts any more: the jobs go back to their queue. */
  readonly cuttingPictures: AbortSignal;
}
