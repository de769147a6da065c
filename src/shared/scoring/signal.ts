import type { Article, RecordImage, RelatedEntry } from '../record/schema.js';
import type { ScoringProfile, WeightPath } from './profile.js';

/** What a score looks at. Nothing of it depends on other articles, on the order of arrival or on the clock. */
export interface ScoringInput {
  readonly article: Article;
  /** One entry for each declared picture, in any order. */
  readonly images: readonly RecordImage[];
  /** Declared and found. Looked at by heat alone. */
  readonly related: readonly RelatedEntry[];
  /** Set when this is the same story again from the same provider. */
  readonly duplicateOf?: string;
}

/**
 * What one signal found: the weight of the profile that it calls for, how many times, and the reason as a sentence. Its
 * points are their product; that the two are apart is what lets `galley calibrate` fit the weights.
 */
export interface Finding {
  readonly weight: WeightPath;
  /** Whole, 1 or more. */
  readonly units: number;
  readonly why: string;
}

/** One thing that is looked at. Pure: the same input and profile give the same findings. */
export interface Signal {
  /** Its name in the record's `scores`. */
  readonly name: string;
  /** Findings, or none where the signal has nothing to say. Findings of 0 points are left out of the record. */
  find(input: ScoringInput, profile: ScoringProfile): readonly Finding[];
}
