import { automatedReadability } from 'automated-readability';
import { languageOf } from '../languages.js';
import { countProse } from '../prose.js';
import type { Signal } from '../signal.js';

/** Fewer words say nothing about how hard a text is. */
const LEAST_WORDS = 100;

/**
 * How hard the body is to read, as the grade in an American school by the Automated Readability Index (Smith and Senter,
 * 1967). It goes by the length of words and sentences, so it holds for English alone.
 */
export const readability: Signal = {
  name: 'readability',
  find({ article }, { body: weights }) {
    if (article.body === undefined || article.body.words < LEAST_WORDS || weights.hard === 0) return [];
    const { word, sentence, character } = countProse(article.body);
    if (word < LEAST_WORDS || languageOf(article) !== 'en') return [];
    const grade = automatedReadability({ word, sentence, character });
    if (!(grade > weights.readableGrade)) return [];
    const why = `Its body is hard to read: grade ${grade.toFixed(0)}, above ${weights.readableGrade}.`;
    return [{ weight: ['body', 'hard'], units: 1, why }];
  },
};
