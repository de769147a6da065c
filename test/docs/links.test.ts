import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { anchors, exists, pages, read, withoutBlocks } from './pages.js';

/** Targets of links and pictures, without those that lead out of the project. */
function innerLinks(page: string): string[] {
  return [...withoutBlocks(read(page)).matchAll(/\]\(([^)\s]+)\)/g)]
    .map(([, target = '']) => target)
    .filter((target) => !/^[a-z]+:/i.test(target));
}

describe.each(pages())('the links of %s', (page) => {
  it('lead to files and headings that are there', () => {
    const broken = innerLinks(page).filter((link) => {
      const [file = '', anchor] = link.split('#');
      const target = file === '' ? page : path.join(path.dirname(page), file);
      return !exists(target) || (anchor !== undefined && !anchors(read(target)).has(anchor));
    });
    expect(broken).toEqual([]);
  });
});

describe('paths of sources in the docs', () => {
  it.each(pages().filter((page) => page !== 'CHANGELOG.md'))('are there: %s', (page) => {
    const named = [...read(page).matchAll(/`((?:src|test|bench|scripts|samples|schemas)\/[\w./-]*)`/g)]
      .map(([, file = '']) => file)
      // A file that the reader is to write.
      .filter((file) => !file.includes('NAME'));
    expect(named.filter((file) => !exists(file))).toEqual([]);
  });

  it('stand at the top of each page of docs/', () => {
    // The page on extending names sources all the way down.
    const described = pages().filter((name) => name.startsWith('docs/') && name !== 'docs/extend.md');
    expect(described.filter((page) => !/Sources: `\w/.test(read(page).slice(0, 500)))).toEqual([]);
  });
});

describe('the security page', () => {
  it('cites tests by titles that they have', () => {
    const cited = [...read('docs/security.md').matchAll(/\]\(\.\.\/(test\/[^)]+)\) “([^”]+)”/g)];
    expect(cited.length).toBeGreaterThan(30);
    const wrong = cited.filter(([, file = '', title = '']) => !read(file).includes(title));
    expect(wrong.map(([text]) => text)).toEqual([]);
  });
});
