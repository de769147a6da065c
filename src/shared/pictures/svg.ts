import { withoutProlog } from './formats.js';

export type SvgMeasure =
  | { readonly ok: true; readonly width?: number; readonly height?: number }
  | {
      readonly ok: false;
      readonly reason: 'truncated' | 'unsupported' | 'too-large';
      readonly detail: string;
    };

/** An SVG is text that people write and browsers run: larger ones are not pictures for an article. */
export const MAX_SVG_BYTES = 2 * 1024 * 1024;

/**
 * Measures an SVG by the attributes of its first element, and by nothing else: it is neither parsed as XML nor
 * rendered, so entities are not expanded, nothing it references is fetched and no script runs. One that declares
 * entities is refused, since whoever opens the kept file later would expand them.
 */
export function measureSvg(bytes: Buffer): SvgMeasure {
  if (bytes.length > MAX_SVG_BYTES) {
    return { ok: false, reason: 'too-large', detail: `an SVG of more than ${MAX_SVG_BYTES} bytes` };
  }
  const text = bytes.toString('utf8');
  if (/<!ENTITY/i.test(text))
    return { ok: false, reason: 'unsupported', detail: 'an SVG that declares entities' };
  if (!/(<\/svg\s*>|^<svg\b[^>]*\/>)(\s|<!--[^>]*-->)*$/i.test(tailOf(text))) {
    return { ok: false, reason: 'truncated', detail: 'an SVG without its end tag' };
  }
  const root = /^<svg\b[^>]*>/i.exec(withoutProlog(text).slice(0, 65_536))?.[0] ?? '';
  const view = attribute(root, 'viewBox')
    ?.trim()
    .split(/[\s,]+/)
    .map(Number);
  const width = pixels(attribute(root, 'width')) ?? positive(view?.[2]);
  const height = pixels(attribute(root, 'height')) ?? positive(view?.[3]);
  return {
    ok: true,
    ...(width === undefined ? {} : { width }),
    ...(height === undefined ? {} : { height }),
  };
}

function tailOf(text: string): string {
  return text.length > 4096 ? text.slice(-4096) : withoutProlog(text);
}

function attribute(tag: string, name: string): string | undefined {
  const found = new RegExp(`\\s${name}\\s*=\\s*(?:"([^"]*)"|'([^']*)')`).exec(tag);
  return found?.[1] ?? found?.[2];
}

/** Only plain numbers and px: percentages and other units depend on where it is shown. */
function pixels(value: string | undefined): number | undefined {
  const found = /^\s*(\d+(?:\.\d+)?)(?:px)?\s*$/.exec(value ?? '');
  return found === null ? undefined : positive(Number(found[1]));
}

function positive(value: number | undefined): number | undefined {
  if (value === undefined || !Number.isFinite(value) || value <= 0 || value > 1_000_000) return undefined;
  return Math.max(1, Math.round(value));
}
