import { describe, expect, it } from 'vitest';
import type { Article } from '../../src/shared/record/schema.js';
import { defaultProfile } from '../../src/shared/scoring/default-profile.js';
import { scoringProfileSchema, weightAt, type ScoringProfile } from '../../src/shared/scoring/profile.js';
import { QUALITY_SIGNALS } from '../../src/shared/scoring/registry.js';
import { scoreArticle } from '../../src/shared/scoring/score.js';
import { anArticle } from './articles.js';

const profileOf = (data: unknown): ScoringProfile => scoringProfileSchema.parse(data);

/** What a signal gives an article, in points; undefined where it says nothing. */
function pointsOf(signal: string, changes: Partial<Article>, profile = defaultProfile): number | undefined {
  const { scores } = scoreArticle({ article: anArticle(changes), images: [], related: [] }, profile);
  const lines = scores.quality.filter((line) => line.signal === signal);
  return lines.length === 0 ? undefined : lines.reduce((sum, { points }) => sum + points, 0);
}

describe('the signals of quality', () => {
  it('have names of their own', () => {
    const names = QUALITY_SIGNALS.map(({ name }) => name);
    expect(new Set(names).size).toBe(names.length);
  });

  it('say nothing but its topic about a complete plain article', () => {
    const { scores } = scoreArticle({ article: anArticle(), images: [], related: [] }, defaultProfile);
    expect(scores.quality.map(({ signal }) => signal)).toEqual(['topics']);
  });

  it('take names such as constructor for names', () => {
    expect(weightAt(defaultProfile, ['types', 'constructor'])).toBe(0);
    expect(weightAt(defaultProfile, ['types', 'video'])).toBe(50);
    expect(pointsOf('topics', { topics: ['constructor', '__proto__'] })).toBe(19);
  });
});

describe('title', () => {
  it.each([
    ['HARBOUR CLOSED AFTER STORM', -5],
    ['NASA and ESA meet at the harbour', undefined],
    ['NATO, UN', undefined],
  ])('title-capitals: %s', (title, points) => {
    expect(pointsOf('title-capitals', { title })).toBe(points);
  });

  it.each([
    ["You won't believe this harbour", -5],
    ['Here’s why the ferry stopped', -5],
    ['Why the ferry stopped', undefined],
  ])('title-clickbait: %s', (title, points) => {
    expect(pointsOf('title-clickbait', { title })).toBe(points);
  });

  it.each([
    ['7 Ways to Mend a Net', -3],
    ['Mending nets: five quick and easy tips for winter', -3],
    ['Top 10 harbours of the north', -3],
    ['The 12 best tools for rope', -3],
    ['38 million crabs counted', undefined],
    ['2026 harbour trends', undefined],
    ['Ferry 7 returns', undefined],
  ])('title-listicle: %s', (title, points) => {
    expect(pointsOf('title-listicle', { title })).toBe(points);
  });

  it.each([
    ['Global Anchor Market Size, Share and Forecast to 2031', -15],
    ['Rope Industry to 2030 - Rise in Demand', -15],
    ['Buoy Market Next Big Thing | Major Giants Alpha, Beta', -15],
    ['Net Market Outlook, Trends and Analysis by Region', -15],
    ['Fish market opens at the harbour', undefined],
    ['Housing market growth slows in 2026', undefined],
    ['Stock market trends', undefined],
  ])('title-market-report: %s', (title, points) => {
    expect(pointsOf('title-market-report', { title })).toBe(points);
  });
});

describe('excerpt and completeness', () => {
  it('take a point for a short excerpt and one for a truncated one', () => {
    expect(pointsOf('excerpt', { excerpt: 'The bridge is open.' })).toBe(-1);
    expect(pointsOf('excerpt', { excerpt: `${'The bridge is open. '.repeat(4)}It …` })).toBe(-1);
    expect(pointsOf('excerpt', { excerpt: `${'The bridge is open. '.repeat(4)}It [...]` })).toBe(-1);
    expect(pointsOf('excerpt', { excerpt: 'The bridge...' })).toBe(-2);
    expect(pointsOf('excerpt', { excerpt: `${'The bridge is open. '.repeat(4)}` })).toBeUndefined();
  });

  it('take two points for each thing that is not said', () => {
    expect(pointsOf('completeness', { excerpt: undefined })).toBe(-2);
    const nothing = { excerpt: undefined, publishedDateTime: undefined, canonicalUrl: undefined };
    expect(pointsOf('completeness', { ...nothing, provider: { name: 'A' } })).toBe(-8);
  });
});

describe('provider and address', () => {
  it('know a provider by its logo, or by the domains of the profile with their subdomains', () => {
    const profile = profileOf({ provider: { known: ['harbour.example'] } });
    const at = (domain: string): Partial<Article> => ({ provider: { name: 'A', domain } });
    expect(pointsOf('provider', at('harbour.example'))).toBeUndefined();
    expect(pointsOf('provider', at('harbour.example'), profile)).toBe(50);
    expect(pointsOf('provider', at('www.Harbour.example'), profile)).toBe(50);
    expect(pointsOf('provider', at('news.harbour.example'), profile)).toBe(50);
    expect(pointsOf('provider', at('myharbour.example'), profile)).toBeUndefined();
    const images = [{ url: 'https://site.example/logo.png' }];
    expect(pointsOf('provider', { provider: { name: 'A', images } })).toBe(50);
  });

  it('value a provider and a topic by name', () => {
    const profile = profileOf({
      provider: { valued: { 'harbour.example': 7 } },
      topics: { valued: { Shipping: -4 } },
    });
    expect(pointsOf('provider', {}, profile)).toBe(7);
    expect(pointsOf('topics', {}, profile)).toBe(-2);
  });

  it('let a title name a topic by another name of the profile', () => {
    const profile = profileOf({ topics: { aliases: { Shipping: ['sea freight'] } } });
    expect(pointsOf('topics', { title: 'Sea freight is up' })).toBe(2);
    expect(pointsOf('topics', { title: 'Sea freight is up' }, profile)).toBe(17);
  });

  it.each([
    ['https://www.harbour.example/a', 'article', undefined],
    ['https://news.harbour.example/a', 'article', undefined],
    ['https://elsewhere.example/a', 'article', -3],
    ['https://notharbour.example/a', 'article', -3],
    ['https://videos.example/a', 'video', undefined],
  ])('domain: %s of a provider at harbour.example, %s', (canonicalUrl, type, points) => {
    expect(pointsOf('domain', { canonicalUrl, type })).toBe(points);
  });

  it('give points for a page for phones', () => {
    expect(pointsOf('mobile-page', { ampWebUrl: 'https://harbour.example/amp' })).toBe(20);
    expect(pointsOf('mobile-page', { cdnAmpWebUrl: 'https://cdn.example/amp' })).toBe(20);
  });
});

const PLAIN = 'The bridge was built in a year. It is made of stone. People walk over it to work. ';
const DENSE =
  'Notwithstanding considerable infrastructural interdependencies, municipal administrations systematically underestimated multidimensional responsibilities regarding transportation electrification, interoperability requirements, environmental sustainability certification procedures, intergovernmental coordination mechanisms, and constitutionally guaranteed participation. ';
const GERMAN =
  'Der Hafen bleibt nach dem Sturm zwei Tage lang geschlossen. Die Fähren fahren erst am Montag wieder, sagt die Stadt. ';

const bodyOf = (text: string): Article['body'] => ({
  format: 'markdown',
  text,
  words: text.split(/\s+/).length,
});

describe('body, readability and language', () => {
  it('give points for a body of 300 words', () => {
    expect(pointsOf('body', { body: { format: 'markdown', text: '', words: 299 } })).toBeUndefined();
    expect(pointsOf('body', { body: { format: 'markdown', text: '', words: 300 } })).toBe(5);
  });

  it('take points for an English body that is hard to read, for no other', () => {
    expect(pointsOf('readability', { body: bodyOf(DENSE.repeat(5)) })).toBe(-3);
    expect(pointsOf('readability', { body: bodyOf(PLAIN.repeat(10)) })).toBeUndefined();
    expect(pointsOf('readability', { body: bodyOf(DENSE) })).toBeUndefined();
    const german = GERMAN.replaceAll(/[.,]/g, '').repeat(10);
    expect(pointsOf('readability', { title: 'Der Hafen', excerpt: GERMAN, body: bodyOf(german) })).toBe(
      undefined,
    );
  });

  it('read no code, tables or link targets as prose', () => {
    const code = '```\n' + `${'x'.repeat(80)} `.repeat(200) + '\n```\n';
    const links = 'See [it](https://a.example/' + 'long/'.repeat(300) + ') now. ';
    const text = `${PLAIN.repeat(10)}\n\n${code}\n${links}\n| ${'wide '.repeat(90)} |\n`;
    expect(pointsOf('readability', { body: bodyOf(text) })).toBeUndefined();
  });

  it('take points for another language than those of the site, where the site has some', () => {
    const english = profileOf({ language: { expected: ['en'] } });
    expect(pointsOf('language', { title: 'Der Hafen', excerpt: GERMAN })).toBeUndefined();
    expect(pointsOf('language', { title: 'Der Hafen', excerpt: GERMAN }, english)).toBe(-20);
    expect(pointsOf('language', {}, english)).toBeUndefined();
    expect(pointsOf('language', { title: 'Nein', excerpt: 'Ja' }, english)).toBeUndefined();
    expect(pointsOf('language', { title: 'Nein', excerpt: 'Ja', language: 'de' }, english)).toBe(-20);
  });

  it('take points when the text is plainly in another language than the file says', () => {
    expect(pointsOf('language', { title: 'Der Hafen', excerpt: GERMAN, language: 'en' })).toBe(-3);
    expect(pointsOf('language', { title: 'Der Hafen', excerpt: GERMAN, locale: 'de_AT' })).toBeUndefined();
    expect(pointsOf('language', { locale: 'en-GB' })).toBeUndefined();
    expect(pointsOf('language', { language: 'nonsense words' })).toBeUndefined();
  });
});
