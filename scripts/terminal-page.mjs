// A terminal's output as an HTML page: text with colours in, text out. No I/O.

const COLORS = {
  31: '#f38ba8',
  32: '#a6e3a1',
  33: '#f9e2af',
  36: '#89dceb',
  90: '#7f849c',
};

/** A terminal's escape for colours and weight; the others are dropped by `plain`. */
const STYLE = /\u001b\[([\d;]*)m/g;
const OTHER_ESCAPES = /\u001b\[[\d;?]*[A-Za-ln-z]|\u001b[=>]|\r/g;

/**
 * The page that shows `output` as a terminal with a title bar would.
 * @param {string} output what the command wrote, with ANSI colours
 * @param {string} title shown in the bar: the command
 */
export function terminalPage(output, title) {
  return `<!doctype html>
<meta charset="utf-8">
<title>${escaped(title)}</title>
<style>
  body { margin: 0; padding: 24px; background: #fff; }
  main { display: inline-block; border-radius: 10px; overflow: hidden; background: #1e1e2e; }
  header { padding: 10px 16px; background: #313244; color: #a6adc8; font: 13px 'DejaVu Sans', sans-serif; }
  header i { display: inline-block; width: 12px; height: 12px; margin-right: 7px; border-radius: 6px; }
  pre { margin: 0; padding: 16px 20px; color: #cdd6f4; font: 14px/1.17 'DejaVu Sans Mono', monospace; }
</style>
<main>
<header><i style="background:#f38ba8"></i><i style="background:#f9e2af"></i><i style="background:#a6e3a1"></i> ${escaped(title)}</header>
<pre>${painted(output.replace(OTHER_ESCAPES, '').trim())}</pre>
</main>
`;
}

/** Text with its escapes turned into spans. */
function painted(text) {
  let html = '';
  let open = false;
  let from = 0;
  for (const match of text.matchAll(STYLE)) {
    html += escaped(text.slice(from, match.index)) + (open ? '</span>' : '');
    const css = match[1].split(';').map(styleOf).join('');
    open = css !== '';
    if (open) html += `<span style="${css}">`;
    from = match.index + match[0].length;
  }
  return html + escaped(text.slice(from)) + (open ? '</span>' : '');
}

function styleOf(code) {
  if (code === '1') return 'font-weight:bold;';
  const color = COLORS[code];
  return color === undefined ? '' : `color:${color};`;
}

function escaped(text) {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
}
