/** Who a bearer token belongs to, in the words of the API server. */
export interface User {
  kind: 'user';
  name: string;
  uid: string;
  groups: string[];
  extra: Record<string, string[]>;
  /** To be reviewed again while a stream lasts. */
  token: string;
}

/** Somebody on the control-plane node itself, for whom its agent vouches with its certificate. */
export interface Loopback {
  kind: 'loopback';
  node: string;
}

export type Caller = User | Loopback;

/** What a caller is called in logs, limits and annotations. */
export const nameOf = (caller: Caller): string =>
  caller.kind === 'user' ? caller.name : `loopback of ${caller.node}`;
