/**
 * `remove_chains PATTERN` takes away every chain and rule of iptables whose line matches the extended regular
 * expression, and then every standard table that is left without a rule: iptables makes those as they are needed.
 */
export const removeChains = `
remove_chains() {
  for save in iptables-save ip6tables-save; do
    rules=$($save 2>/dev/null) || continue
    printf '%s\\n' "$rules" | grep -qE "$1" || continue
    printf '%s\\n' "$rules" | grep -vE "$1" | "\${save%-save}-restore" || true
  done
  for family in ip ip6; do
    for table in filter nat mangle; do
      nft -s list table $family $table 2>/dev/null |
        grep -qvE '^(#.*|table .*|\\s*chain .*|\\s*type .* policy accept;|\\s*}|\\s*)$' ||
        nft delete table $family $table 2>/dev/null || true
    done
  done
}
`;
