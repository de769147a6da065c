// The table of flags and variables, from the options that the command reads. Options in, Markdown out; no I/O.

/**
 * @param {readonly object[]} options the table of `src/shared/config/options.ts`
 * @returns {string} a Markdown table, one option a row
 */
export function optionsTable(options) {
  const rows = options.map((option) => [
    option.flag === null ? '' : code(flagOf(option)),
    code(option.env),
    code(option.key),
    option.help,
  ]);
  const head = ['flag', 'variable', 'key in the file', 'meaning'];
  return [head, head.map(() => '---'), ...rows].map((cells) => `| ${cells.join(' | ')} |`).join('\n');
}

function flagOf({ flag, value, negated }) {
  if (negated) return `--no-${flag}`;
  return value === undefined ? `--${flag}` : `--${flag} ${value}`;
}

function code(text) {
  return `\`${text}\``;
}
