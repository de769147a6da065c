// What the demo prints: events and samples in, text out. No I/O.

import Table from 'cli-table3';

const colors = { green: 32, yellow: 33, red: 31, cyan: 36, bold: 1, dim: 90 };

/** Answers a function that paints text for a terminal, or leaves it as it is. */
export function painter(colored) {
  return (color, text) => (colored ? `\u001b[${colors[color]}m${text}\u001b[0m` : text);
}

/**
 * Folds the events into what became of each sample file.
 * @param {readonly object[]} events in the order of the file
 * @param {readonly string[]} files names of the sample files
 * @returns {{ articles: object[], rejected: object[], superseded: string[] }}
 */
export function outcomes(events, files) {
  const articles = new Map();
  const rejected = [];
  for (const event of events) {
    const kind = event.type.slice('galley.article.'.length);
    if (kind === 'created' || kind === 'updated') {
      articles.set(event.data.id, { status: kind, file: event.subject, record: event.data });
    } else if (kind === 'rejected') {
      rejected.push({ file: event.subject, problems: event.data.problems });
    } else if (kind === 'rescored' || kind === 'related') {
      const article = articles.get(event.data.id);
      if (article !== undefined) article.record = { ...article.record, ...event.data };
    }
  }
  const told = new Set([...articles.values(), ...rejected].map(({ file }) => file));
  return { articles: [...articles.values()], rejected, superseded: files.filter((file) => !told.has(file)) };
}

/** The table of records, at most this many columns wide. Titles are cut to fit. */
export function recordTable({ articles, rejected, superseded }, width, paint) {
  const [quality, heat, published, pictures, status] = [9, 6, 11, 13, 12];
  const borders = 7;
  const title = Math.max(20, Math.min(width, 140) - quality - heat - published - pictures - status - borders);
  const table = new Table({
    head: ['Title', 'Quality', 'Heat', 'Published', 'Pictures', 'Status'].map((text) => paint('bold', text)),
    colWidths: [title, quality, heat, published, pictures, status],
    colAligns: ['left', 'right', 'right', 'left', 'left', 'left'],
    style: { head: [], border: [] },
  });
  const byHeat = [...articles].sort((a, b) => b.record.heat - a.record.heat);
  for (const article of byHeat) table.push(articleRow(article, paint));
  for (const file of superseded) table.push(fileRow(file, paint('dim', 'superseded'), paint));
  for (const { file } of rejected) table.push(fileRow(file, paint('red', 'rejected'), paint));
  return oneRule(table.toString());
}

/** Keeps the rule under the head and drops those between rows, so that the table fits on a screen. */
function oneRule(drawn) {
  const lines = drawn.split('\n');
  return lines.filter((line, i) => i < 3 || !line.startsWith('├')).join('\n');
}

function articleRow({ status, record }, paint) {
  return [
    record.title,
    record.quality,
    record.heat,
    record.published ? paint('green', 'yes') : paint('dim', 'no'),
    pictureCount(record.images, paint),
    paint(status === 'updated' ? 'cyan' : 'green', status),
  ];
}

function fileRow(file, status, paint) {
  return [paint('dim', file), '', '', '', '', status];
}

function pictureCount(images, paint) {
  if (images.length === 0) return paint('dim', 'none');
  const ok = images.filter((image) => image.status === 'verified').length;
  const bad = images.length - ok;
  return bad === 0 ? `${ok} ok` : `${ok} ok, ${paint('yellow', `${bad} bad`)}`;
}

/** What was rejected with every problem, which pictures failed and why, at most this many columns wide. */
export function troubleLines({ articles, rejected, superseded }, width, paint) {
  const problems = rejected.flatMap(({ file, problems: found }) => [
    `${paint('red', 'Rejected')} samples/${file}`,
    ...found.flatMap(({ line, field, message }) =>
      wrapped(`line ${line ?? 1}: ${field === '' ? '' : `${field}: `}${message}`, width),
    ),
  ]);
  const pictures = articles.flatMap(({ file, record }) =>
    record.images
      .filter((image) => image.status !== 'verified')
      .map((image) => `  ${lastPart(image.url)} of samples/${file}: ${image.reason ?? image.status}`),
  );
  const older = superseded.map((file) => `  samples/${file}: a newer file tells the same article`);
  return [
    ...problems,
    ...(pictures.length === 0 ? [] : [paint('yellow', 'Bad pictures (their articles went on)'), ...pictures]),
    ...(older.length === 0 ? [] : [paint('dim', 'Superseded'), ...older]),
  ];
}

/** A text as lines of at most this many columns, the first set in by two, the others by four. */
function wrapped(text, width) {
  const lines = ['  '];
  for (const word of text.split(' ')) {
    const line = lines.at(-1);
    if (line.trim() === '') lines[lines.length - 1] = line + word;
    else if (line.length + 1 + word.length <= width) lines[lines.length - 1] = `${line} ${word}`;
    else lines.push(`    ${word}`);
  }
  return lines;
}

function lastPart(url) {
  return url.slice(url.lastIndexOf('/') + 1);
}
