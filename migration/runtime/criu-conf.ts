/**
 * Contents of /etc/criu/runc.conf: CRIU's own options for every dump and restore that runc starts on a node; they win
 * over what runc passes. Both ends of a move need the same file.
 *
 * - `network-lock skip`: either connections are given up, and there is nothing to protect from packets in between, or the
 *   pod is cut off from the network already. The firewall rules would cost 60 to 80 ms of the freeze.
 * - `cpu-cap ins`: record the CPU's features and refuse a restore on a CPU that lacks one. Without it the restore
 *   succeeds and the process later dies of an illegal instruction.
 * - `ghost-limit`: files that are open but deleted travel in the images up to this size, in bytes: a
 *   log of some hundred megabytes that was rotated away is nothing unusual.
 *
 * See https://criu.org/Configuration_files and https://github.com/opencontainers/runc/blob/main/docs/checkpoint-restore.md
 */
export const criuRuncConf = `network-lock skip
cpu-cap ins
ghost-limit 1073741824
`;

/** Where runc looks for it. */
export const CRIU_RUNC_CONF_PATH = '/etc/criu/runc.conf';

/**
 * The option for a state that goes where the pod's address does not: there established connections cannot be bound again. They are
 * dumped as closed; listeners stay. A dump gets it by the file that the variable names, a restore with its own options.
 */
export const CLOSE_CONNECTIONS = 'tcp-close\n';

/** See CLOSE_CONNECTIONS; https://criu.org/Configuration_files on CRIU_CONFIG_FILE. */
export const CLOSE_CONNECTIONS_PATH = '/etc/criu/podferry-close-connections.conf';
