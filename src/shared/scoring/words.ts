const WITHOUT_SPACES = /[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Thai}]/u;

/** The words of a text in lower case, one space between and around them; everything else is gone. */
export function foldWords(text: string): string {
  const words = text
    .normalize('NFKC')
    .toLowerCase()
    .replace(/[^\p{L}\p{N}\p{M}]+/gu, ' ');
  return ` ${words.trim()} `;
}

/** Whether the text names the phrase word by word; case, punctuation and white space do not count. */
export function namesPhrase(text: string, phrase: string): boolean {
  const folded = foldWords(phrase);
  if (folded.trim() === '') return false;
  // Scripts that put no space between words have no word boundary to look for.
  return foldWords(text).includes(WITHOUT_SPACES.test(folded) ? folded.trim() : folded);
}
