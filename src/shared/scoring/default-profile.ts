import { scoringProfileSchema, type ScoringProfile } from './profile.js';

/** The profile that is used where none is configured. */
export const defaultProfile: ScoringProfile = scoringProfileSchema.parse({});
