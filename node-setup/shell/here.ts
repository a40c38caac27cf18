/** Ends the documents below; no line of a document may be this. */
const END = 'PODFERRY_END';

/** A here-document of exactly this text, for the end of a command line. */
export function literal(text: string): string {
  return `<<'${END}'\n${checked(text)}\n${END}`;
}

/** A here-document in which the shell expands variables. */
export function expanded(text: string): string {
  return `<<${END}\n${checked(text)}\n${END}`;
}

function checked(text: string): string {
  if (text.split('\n').includes(END)) throw new Error(`a document of a script contains the line ${END}`);
  return text;
}
