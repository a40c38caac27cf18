import { z } from 'zod';
import { quote } from '../shell/quote.ts';
import type { LocalScripts } from './podman.ts';

/** What the script that makes the key pair prints. The private key is a secret. */
export const sshKeyOutput = z.strictObject({ publicKey: z.string(), privateKey: z.string() });

/** The key pair that a stack's hosts let in, in `<directory>/id_ed25519`. */
export function sshKey(stack: string, directory: string): LocalScripts {
  const file = quote(`${directory}/id_ed25519`);
  return {
    create: `set -eu
umask 077
mkdir -p ${quote(directory)}
if [ ! -s ${file} ] || [ ! -s ${file}.pub ]; then
  rm -f ${file} ${file}.pub
  ssh-keygen -q -t ed25519 -N '' -C ${quote(`podferry:${stack}`)} -f ${file}
fi
# a key's lines hold nothing that JSON would have to escape, but their ends
printf '{"publicKey":"%s","privateKey":"%s"}\\n' "$(cat ${file}.pub)" "$(awk '{ printf "%s\\\\n", $0 }' ${file})"
`,
    delete: `set -eu
rm -f ${file} ${file}.pub ${quote(`${directory}/known_hosts`)}
rmdir ${quote(directory)} 2>/dev/null || true
`,
  };
}
