import { z } from 'zod';
import type { Phase } from '../phase.ts';
import { hostChecks } from '../preflight/checks.ts';
import { quoteAll } from '../shell/quote.ts';

/** What the phase prints: what the host is, and what each check had to say. */
export const preflightOutput = z.strictObject({
  facts: z.strictObject({
    system: z.string(),
    kernel: z.string(),
    processors: z.int().positive(),
    memoryMiB: z.int().positive(),
    diskFreeMiB: z.int().nonnegative(),
    cgroupVersion: z.union([z.literal(1), z.literal(2)]),
    container: z.boolean(),
    mayRaiseLimits: z.boolean(),
    kernelNfsClient: z.boolean(),
    kernelNfsServer: z.boolean(),
  }),
  checks: z.array(
    z.strictObject({
      name: z.string(),
      level: z.enum(['ok', 'warning', 'error', 'ignored']),
      message: z.string(),
    }),
  ),
});

/** Looks at the host before anything is changed. All checks run; errors are reported together, each with its name. */
export const preflight: Phase = {
  name: 'preflight',
  title: 'checks of the host',
  timeoutSeconds: 60,
  on: 'all',
  apply: (c) => `
found=$(mktemp)
note() {
  # a tab ends a field, so none may be in one
  printf '%s\\t%s\\t%s\\n' "$check" "$1" "$(printf '%s' "$2" | tr '\\n\\t' '  ')" >>"$found"
}
ok() { note ok "$1"; }
warn() { note warning "$1"; }
bad() {
  for ignored in ${quoteAll(c.lab.ignoredChecks ?? [])}; do
    [ "$ignored" != "$check" ] || { note ignored "$1"; return 0; }
  done
  note error "$1"
}
${hostChecks.map((check) => `check=${check.name}\n${check.script(c)}`).join('\n')}
`,
  verify: () => `
truth() { if "$@"; then echo true; else echo false; fi; }
# shellcheck disable=SC1091 # the host's
system=$(. /etc/os-release && echo "$PRETTY_NAME")
printf '{"facts":{"system":"%s","kernel":"%s","processors":%d,"memoryMiB":%d,"diskFreeMiB":%d,' \\
  "$system" "$(uname -r)" "$(nproc)" "$(awk '$1 == "MemTotal:" { print int($2 / 1024) }' /proc/meminfo)" \\
  "$(df -Pm /var/lib | awk 'NR == 2 { print $4 }')"
printf '"cgroupVersion":%d,"container":%s,"mayRaiseLimits":%s,"kernelNfsClient":%s,"kernelNfsServer":%s},"checks":[' \\
  "$(cgroup_version)" "$(truth in_container)" "$(truth may_raise_limits)" \\
  "$(truth kernel_has_nfs_client)" "$(truth kernel_has_nfs_server)"
awk -F '\\t' '{
  gsub(/\\\\/, "\\\\\\\\", $3); gsub(/"/, "\\\\\\"", $3); gsub(/[[:cntrl:]]/, " ", $3)
  printf "%s{\\"name\\":\\"%s\\",\\"level\\":\\"%s\\",\\"message\\":\\"%s\\"}", (NR > 1 ? "," : ""), $1, $2, $3
}' "$found"
echo ']}'
awk -F '\\t' '$2 != "ok" { printf "[%s %s]: %s\\n", $2, $1, $3 }' "$found" >&2
errors=$(awk -F '\\t' '$2 == "error"' "$found" | wc -l)
rm -f "$found"
[ "$errors" = 0 ] || fail "this host cannot be used: $errors errors, see above"
`,
  remove: () => `
:
`,
};
