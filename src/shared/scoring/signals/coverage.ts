import type { Signal } from '../signal.js';

/** Whether another provider tells of the story too. A part of heat, not of quality: it depends on other articles. */
export const coverage: Signal = {
  name: 'coverage',
  find({ article, related }) {
    const own = identity(article.provider);
    const others = new Set(
      related
        .flatMap((entry) => (entry.provider ? [identity(entry.provider)] : []))
        .filter((id) => id !== own),
    );
    if (others.size === 0) return [];
    const why = `Covered by ${[...others].slice(0, 3).join(', ')} too.`;
    return [{ weight: ['heat', 'coverage'], units: 1, why }];
  },
};

function identity(provider: { name: string; domain?: string | undefined }): string {
  return (provider.domain ?? provider.name).toLowerCase().replace(/^www\./, '');
}
