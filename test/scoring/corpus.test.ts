import { existsSync, readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { parseArticle } from '../../src/shared/article/parse.js';
import { skippedImage } from '../../src/shared/pictures/record-image.js';
import { calibrate, reportOn } from '../../src/shared/scoring/calibration/calibrate.js';
import { mostCommonProvider, type Example } from '../../src/shared/scoring/calibration/examples.js';
import { defaultProfile } from '../../src/shared/scoring/default-profile.js';

const corpus = path.resolve('../shared/corpus/news');
const isThere = existsSync(corpus);
if (!isThere) console.warn(`Skipped: the corpus of scored articles is not beside the project (${corpus}).`);

function readExamples(): Example[] {
  return readdirSync(corpus).map((key) => {
    const read = parseArticle(readFileSync(path.join(corpus, key), 'utf8'));
    if (!read.ok) throw new Error(`${key} is no article`);
    const { article } = read;
    const { quality = 0, published = false } = article.declaredScores ?? {};
    // No picture of the corpus can be reached: they count as declared.
    const images = article.images.map((declared) => skippedImage(declared, 'off'));
    return { key, article, images, wanted: { quality, published } };
  });
}

describe.skipIf(!isThere)('on articles that editors had scored', () => {
  const examples = isThere ? readExamples() : [];

  it('the default profile ranks as they did', () => {
    const { all, others } = reportOn(examples, defaultProfile, mostCommonProvider(examples));
    expect(all.rho).toBeGreaterThan(0.95);
    expect(all.auc).toBeGreaterThan(0.97);
    expect(others.rho).toBeGreaterThan(0.95);
    expect(others.auc).toBeGreaterThan(0.98);
  });

  it('a profile fitted to one half ranks the other as they did', () => {
    const { folds } = calibrate(examples, defaultProfile, 1);
    for (const { all, others } of folds) {
      expect(all.rho).toBeGreaterThan(0.93);
      expect(all.auc).toBeGreaterThan(0.95);
      expect(others.rho).toBeGreaterThan(0.9);
    }
  });
});
