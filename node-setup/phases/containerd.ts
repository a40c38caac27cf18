import {
  CLOSE_CONNECTIONS,
  CLOSE_CONNECTIONS_PATH,
  CRIU_RUNC_CONF_PATH,
  criuRuncConf,
} from '../../migration/runtime/criu-conf.ts';
import { artefactPath } from '../artefact-path.ts';
import { RUNTIME, SETUP_DIR } from '../paths.ts';
import { ofEachFamily, type Phase, type PhaseContext } from '../phase.ts';
import { expanded, literal } from '../shell/here.ts';
import { cniConfigList } from '../templates/cni.ts';
import {
  containedContainerdUnit,
  containerdConfig,
  limitedContainerdUnit,
  siteContainerdUnit,
} from '../templates/containerd.ts';

const WAS = `${SETUP_DIR}/containerd-was`;
const SITE_CONTAINERD = '/usr/local/bin/podferry-containerd';
const DROP_IN = '/etc/systemd/system/containerd.service.d';

/** The container runtime: CNI, containerd with our runtime as its default, what CRIU always does. */
export const containerd: Phase = {
  name: 'containerd',
  title: 'containerd',
  timeoutSeconds: 120,
  on: 'all',
  apply: (c) => `
${installPlugins(c)}
put /etc/cni/net.d/10-podferry.conflist 644 ${literal(cniConfigList(ofEachFamily(c.host.podCidr, c.host.ipv6?.podCidr)))}
put_link ${artefactPath(c, 'podferry-runtime')} ${RUNTIME}
put ${CRIU_RUNC_CONF_PATH} 644 ${literal(criuRuncConf.trimEnd())}
put ${CLOSE_CONNECTIONS_PATH} 644 ${literal(CLOSE_CONNECTIONS.trimEnd())}
# a host may use containerd for something else: what it was is what removal makes it again
[ -e ${WAS} ] || systemctl is-active containerd >${WAS} || true
# only what containerd reads may restart it
changed=no
systemd_cgroup=false
[ "$(cgroup_version)" = 1 ] || systemd_cgroup=true
restrict=true
! may_raise_limits || restrict=false
[ -e /etc/containerd/config.toml.before-podferry ] || [ ! -e /etc/containerd/config.toml ] ||
  cp -p /etc/containerd/config.toml /etc/containerd/config.toml.before-podferry
put /etc/containerd/config.toml 644 ${expanded(
    containerdConfig(c.artefacts['image-pause.tar'].reference, {
      systemdCgroup: '$systemd_cgroup',
      restrictOomScoreAdj: '$restrict',
    }),
  )}
if ! may_raise_limits; then
  open_files=$(hard_limit 'Max open files')
  processes=$(hard_limit 'Max processes')
  put ${DROP_IN}/podferry-limits.conf 644 ${expanded(limitedContainerdUnit('$open_files', '$processes'))}
fi
${siteContainerd(c)}
if in_container; then
  put ${DROP_IN}/podferry-container.conf 644 ${literal(containedContainerdUnit)}
fi
if [ $changed = yes ] || ! systemctl is-active --quiet containerd; then
  systemctl daemon-reload
  systemctl enable --quiet containerd
  # its containers go on: each has a shim of its own
  systemctl restart containerd
fi
`,
  verify: () => `
wait_for 30 'containerd to answer on its socket' ctr version
for plugin in bridge host-local loopback portmap; do
  [ -x "/opt/cni/bin/$plugin" ] || fail "/opt/cni/bin/$plugin is missing"
done
${RUNTIME} --version >/dev/null || fail 'the runtime ${RUNTIME} does not run'
ctr plugins ls | awk '$2 == "cri" || $1 ~ /cri/ { seen = 1; if ($NF != "ok") bad = bad " " $1 "." $2 } END { if (!seen || bad) exit 1 }' ||
  fail "containerd's CRI plugin is not ok: $(ctr plugins ls | grep cri)"
`,
  remove: () => `
if systemctl is-active --quiet containerd; then
  # what kubeadm's reset left running, of whatever namespace
  for task in $(ctr -n k8s.io tasks ls -q); do
    ctr -n k8s.io tasks kill -s SIGKILL "$task" >/dev/null 2>&1 || true
  done
  for container in $(ctr -n k8s.io containers ls -q); do
    ctr -n k8s.io tasks rm -f "$container" >/dev/null 2>&1 || true
    ctr -n k8s.io containers rm "$container" >/dev/null 2>&1 || true
  done
  # the CRI plugin keeps a second name for each image
  ctr -n k8s.io images ls -q | xargs -r ctr -n k8s.io images rm --sync >/dev/null 2>&1 || true
fi
systemctl stop containerd 2>/dev/null || true
awk '$2 ~ "^/(run/containerd|run/netns)/" { print $2 }' /proc/mounts | sort -r | while read -r mount; do
  umount -l "$mount" 2>/dev/null || true
done
rm -f /run/netns/cni-*
rmdir /run/netns /var/lib/cni/results /var/lib/cni 2>/dev/null || true
rm -f ${DROP_IN}/podferry-limits.conf ${DROP_IN}/podferry-container.conf ${DROP_IN}/podferry-site.conf ${SITE_CONTAINERD}
rmdir ${DROP_IN} 2>/dev/null || true
systemctl daemon-reload
if [ -e /etc/containerd/config.toml.before-podferry ]; then
  mv -f /etc/containerd/config.toml.before-podferry /etc/containerd/config.toml
else
  rm -f /etc/containerd/config.toml
fi
rm -f ${RUNTIME} ${CRIU_RUNC_CONF_PATH} ${CLOSE_CONNECTIONS_PATH} /etc/cni/net.d/10-podferry.conflist
for plugin in bridge host-local loopback portmap .podferry; do rm -f "/opt/cni/bin/$plugin"; done
rmdir /etc/cni/net.d /etc/cni /opt/cni/bin /opt/cni /etc/criu 2>/dev/null || true
rm -rf /run/podferry-cni
ip link del cni0 2>/dev/null || true
if [ "$(cat ${WAS} 2>/dev/null || true)" = active ]; then systemctl start containerd || true
else systemctl disable --quiet containerd 2>/dev/null || true; fi
rm -f ${WAS}
`,
};

/** A site's own containerd stands beside the package's, which gives the shim. */
function siteContainerd(c: PhaseContext): string {
  if (c.artefacts.containerd === undefined) return `rm -f ${DROP_IN}/podferry-site.conf ${SITE_CONTAINERD}`;
  return `put_link ${artefactPath(c, 'containerd')} ${SITE_CONTAINERD}
put ${DROP_IN}/podferry-site.conf 644 ${literal(siteContainerdUnit(SITE_CONTAINERD))}`;
}

function installPlugins(c: PhaseContext): string {
  const { sha256 } = c.artefacts['cni-plugins.tar'];
  return `if [ "$(cat /opt/cni/bin/.podferry 2>/dev/null || true)" != ${sha256} ]; then
  mkdir -p /opt/cni/bin
  tar -xf ${artefactPath(c, 'cni-plugins.tar')} -C /opt/cni/bin
  echo ${sha256} >/opt/cni/bin/.podferry
fi`;
}
