/**
 * `install_packages [OPTION] PACKAGE|FILE...` by the host's own apt and its settings; quiet, but for the end of what
 * apt said when it failed. `refresh_packages` reads the archives' indexes anew.
 */
export const installPackages = `
apt_quietly() {
  DEBIAN_FRONTEND=noninteractive apt-get -qq -o Dpkg::Use-Pty=0 -o Acquire::Retries=3 "$@" >/run/podferry-apt.log 2>&1 </dev/null || {
    tail -n 20 /run/podferry-apt.log >&2
    fail "apt-get $1 failed, see above"
  }
  rm -f /run/podferry-apt.log
}
refresh_packages() { apt_quietly update; }
install_packages() { apt_quietly install -y --no-install-recommends "$@"; }
`;
