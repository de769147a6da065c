/**
 * Whether a file of this name is an article file: one of the endings, and neither a dot file nor what an editor
 * leaves beside the file it has open (`.x.md.swp`, `.#x.md`, `x.md~`, `#x.md#`, `~$x.md`, `4913`). Those that end
 * in a mark of their own fail the test of the ending already.
 */
export function isArticleName(name: string, extensions: readonly string[]): boolean {
  if (name.startsWith('.') || name.startsWith('~$') || name.startsWith('#')) return false;
  const lower = name.toLowerCase();
  return extensions.some((ending) => lower.length > ending.length && lower.endsWith(ending));
}

/** Whether a folder of this name is descended into: `.git`, `.obsidian` and our own `.galley` are not. */
export function isContentFolder(name: string): boolean {
  return !name.startsWith('.');
}

/**
 * Whether a name read as UTF-8 may stand for bytes that are not: each such byte was replaced by U+FFFD, so the
 * name leads to no file. A name may contain that character rightfully, so only a file not found proves it.
 */
export function mayBeMangled(name: string): boolean {
  return name.includes('\uFFFD');
}
