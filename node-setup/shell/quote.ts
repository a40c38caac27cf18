/** A word that a POSIX shell reads back as exactly this text. */
export function quote(text: string): string {
  return `'${text.replaceAll("'", `'\\''`)}'`;
}

/** Words for a POSIX shell, quoted and separated by blanks. */
export function quoteAll(words: readonly string[]): string {
  return words.map(quote).join(' ');
}
