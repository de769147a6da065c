/** Front matter of a valid article; what is given replaces or adds lines, null leaves one out. */
export function article(
  slug: string,
  lines: Readonly<Record<string, string | number | null>> = {},
  body = '',
): string {
  const fields = {
    title: `"Notes from the ${slug} desk"`,
    publishedDateTime: '2026-03-04T05:06:07Z',
    webUrl: `https://gazette.example/${slug}`,
    type: 'article',
    provider: '\n  name: The Gazette\n  domain: gazette.example',
    topics: '\n  - Harbours',
    ...lines,
  };
  const text = Object.entries(fields)
    .filter(([, value]) => value !== null)
    .map(([key, value]) => `${key}: ${value}\n`);
  return `---\n${text.join('')}---\n${body}`;
}

/** The `images` of an article's front matter, for `article`. */
export function imageLines(
  entries: readonly { url: string; width?: number; height?: number; title?: string }[],
): string {
  return entries
    .map((entry) => {
      const [first = '', ...rest] = Object.entries(entry).map(
        ([key, value]) => `${key}: ${JSON.stringify(value)}`,
      );
      return [`\n  - ${first}`, ...rest.map((line) => `\n    ${line}`)].join('');
    })
    .join('');
}
