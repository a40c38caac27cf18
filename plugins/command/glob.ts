/**
 * Compiles a glob of the kind that `assetPaths` takes (github.com/gobwas/glob with `/` as separator): `*` and `?` do
 * not match `/`, `**` does, `[a-z]` and `[!a-z]` are classes, `{a,b}` alternatives, `\` takes the next character as it is.
 * @throws Error when a class or a list of alternatives is not closed
 */
export function globPattern(glob: string): RegExp {
  let pattern = '';
  let open = 0;
  for (let index = 0; index < glob.length; index++) {
    const character = glob[index] as string;
    if (character === '*') {
      const any = glob[index + 1] === '*';
      if (any) index++;
      pattern += any ? '.*' : '[^/]*';
    } else if (character === '?') pattern += '[^/]';
    else if (character === '[') {
      const end = glob.indexOf(']', index + 2);
      if (end < 0) throw new Error(`the class in ${JSON.stringify(glob)} is not closed`);
      pattern += classPattern(glob.slice(index + 1, end));
      index = end;
    } else if (character === '{') {
      open++;
      pattern += '(?:';
    } else if (character === '}' && open > 0) {
      open--;
      pattern += ')';
    } else if (character === ',' && open > 0) pattern += '|';
    else if (character === '\\' && index + 1 < glob.length) pattern += literal(glob[++index] as string);
    else pattern += literal(character);
  }
  if (open > 0) throw new Error(`the alternatives in ${JSON.stringify(glob)} are not closed`);
  return new RegExp(`^${pattern}$`, 'su');
}

function classPattern(content: string): string {
  const negated = content.startsWith('!');
  const members = (negated ? content.slice(1) : content).replace(/[\\\]^[]/g, '\\$&');
  return `[${negated ? '^' : ''}${members}]`;
}

function literal(character: string): string {
  return character.replace(/[\\^$.*+?()[\]{}|/]/g, '\\$&');
}
