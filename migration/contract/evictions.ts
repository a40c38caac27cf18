/** The webhook by which `kubectl drain` moves pods: what operator, node-setup and the component that registers it agree upon. */

/** Name of its Service, in the operator's namespace. */
export const EVICTIONS_SERVICE = 'podferry-evictions';

/** By this name the API server calls it: its certificate has to say so. */
export const EVICTIONS_HOST_NAME = `${EVICTIONS_SERVICE}.podferry-system.svc`;

/** TCP port in the operator's pods. */
export const EVICTIONS_PORT = 9443;
