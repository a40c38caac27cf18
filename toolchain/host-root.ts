import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { aptAccessSettings, debianMirror, downloadPackages, sourceLine } from './debian.ts';
import { runMmdebstrap } from './mmdebstrap.ts';
import { debianPins } from './pins.ts';
import type { Job, Recipe } from './recipe.ts';
import { packTar, subfolder } from './tar.ts';

/** The last Debian whose systemd (257) still boots on a machine with version 1 control groups. */
export const suite = 'trixie';

/** What a host needs from Debian itself, beside the minimal system. */
const packages = [
  // boots, is reached by ssh
  ...['systemd', 'systemd-sysv', 'dbus', 'openssh-server', 'kmod', 'procps', 'util-linux', 'mount', 'tar'],
  ...['curl', 'jq', 'openssl', 'ca-certificates', 'netcat-openbsd', 'iputils-ping', 'less', 'strace', 'zstd'],
  // cluster: what kubelet, kube-proxy and the network plugins call
  ...['iproute2', 'iptables', 'nftables', 'conntrack', 'socat', 'ethtool', 'ipset'],
  // store: server in user space or in the kernel, client in user space or by mount
  ...['nfs-ganesha', 'nfs-ganesha-vfs', 'libnfs-utils', 'nfs-common', 'nfs-kernel-server'],
  // writable layers carry extended attributes
  ...['attr', 'xattr'],
  // the pinned packages' own dependencies, and Node's
  ...['libbsd0', 'libgnutls30t64', 'libnftables1', 'libprotobuf-c1', 'libuuid1', 'libseccomp2', 'libstdc++6'],
  // sources of the sample apps' images
  ...['python3-minimal', 'busybox-static', 'redis-server', 'redis-tools'],
];

/** Services that packages switch on but that a host starts only when it is set up to, or never. */
const disabled = [
  ...[
    'containerd.service',
    'redis-server.service',
    'nfs-ganesha.service',
    'nfs-server.service',
    'ssh.socket',
  ],
  ...[
    'rpcbind.service',
    'rpcbind.socket',
    'nfs-client.target',
    'nfs-blkmap.service',
    'systemd-pstore.service',
  ],
];

/**
 * Units that cannot work in a container or would reach out of it: mounts and devices of the machine underneath,
 * consoles, clock, timers.
 */
const masked = [
  ...['sys-kernel-debug.mount', 'sys-kernel-tracing.mount', 'sys-kernel-config.mount', 'dev-hugepages.mount'],
  ...['dev-mqueue.mount', 'proc-sys-fs-binfmt_misc.automount', 'proc-sys-fs-binfmt_misc.mount'],
  ...['sys-fs-fuse-connections.mount', 'systemd-udevd.service', 'systemd-udevd-control.socket'],
  ...['systemd-udevd-kernel.socket', 'systemd-logind.service', 'getty.target', 'console-getty.service'],
  ...['systemd-networkd.service', 'systemd-networkd.socket', 'systemd-timesyncd.service', 'apt-daily.timer'],
  ...['apt-daily-upgrade.timer', 'fstrim.timer', 'e2scrub_all.timer', 'dpkg-db-backup.timer'],
  ...['systemd-remount-fs.service', 'systemd-sysctl.service', 'systemd-modules-load.service'],
  ...['systemd-oomd.service', 'systemd-firstboot.service', 'systemd-update-utmp.service'],
];

const notInstalled = ['/usr/share/doc/*', '/usr/share/man/*', '/usr/share/locale/*', '/usr/share/info/*'];

/** apt as another user would leave folders of that user's behind, or not, depending on where the cache lies. */
const settings = [
  ...['--mode=root', '--variant=minbase', '--format=tar'],
  ...['--aptopt=APT::Install-Recommends "false"', '--aptopt=APT::Sandbox::User "root"'],
  ...notInstalled.map((path) => `--dpkgopt=path-exclude=${path}`),
];

/** Runs in the new root: every host makes its own identity, and nothing of this machine's remains. */
const finish = [
  'set -eu',
  `systemctl disable ${disabled.join(' ')}`,
  `systemctl mask ${masked.join(' ')}`,
  'systemctl enable ssh.service',
  'rm -f /etc/ssh/ssh_host_* /etc/apt/apt.conf.d/99mmdebstrap',
  ': > /etc/apt/sources.list',
  ': > /etc/machine-id',
  ': > /etc/resolv.conf',
  'echo localhost > /etc/hostname',
].join('\n');

/** The pinned packages in one tar, as hosts that are not ours get them. */
export const hostPackagesRecipe: Recipe = {
  name: 'host-packages',
  title: 'CRIU, runc and containerd packages',
  seconds: 20,
  needs: [],
  outputs: ['host-packages.tar'],
  inputs: async () => ({ debianPins }),
  async build({ folder, signal }) {
    const debs = await subfolder(folder, 'debs');
    await downloadPackages(debianPins, debs, signal);
    await packTar(debs, join(folder, 'host-packages.tar'));
  },
};

/** Root file system of a host: Debian with the pinned packages on top. */
export const hostRootRecipe: Recipe = {
  name: 'host-root',
  title: `host root file system (Debian ${suite})`,
  seconds: 90,
  needs: ['host-packages'],
  outputs: ['host-root.tar'],
  inputs: async () => ({ suite, packages, settings, finish }),
  build: buildHostRoot,
};

async function buildHostRoot({ folder, given, signal }: Job): Promise<void> {
  const access = join(folder, 'apt.conf');
  await writeFile(access, await aptAccessSettings(), { mode: 0o600 });
  const debs = given['host-packages.tar']?.file;
  const args = [
    ...[...settings, `--aptopt=${access}`, `--include=${packages.join(',')}`],
    ...['--customize-hook=mkdir -p "$1/tmp/debs"', `--customize-hook=tar-in "${debs}" /tmp/debs`],
    ...[
      '--customize-hook=chroot "$1" sh -c "dpkg -i /tmp/debs/*.deb"',
      '--customize-hook=rm -r "$1/tmp/debs"',
    ],
    `--customize-hook=chroot "$1" sh -c '${finish}'`,
    ...[suite, join(folder, 'host-root.tar'), sourceLine(await debianMirror(), suite)],
  ];
  await runMmdebstrap(args, folder, 1800, signal);
}
