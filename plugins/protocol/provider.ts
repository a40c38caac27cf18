import type { PropertyMap } from './values.ts';

/** How loud a message to the engine is. */
export type Severity = 'debug' | 'info' | 'warning' | 'error';

/** What an operation knows of its surroundings, and how it talks to the user while it runs. */
export interface Context {
  /**
   * Aborted when the user cancels the update, when the engine is gone, or when the resource's `customTimeouts` is
   * over. Its reason is an Error that says which; operations stop soon and reject with it.
   */
  readonly signal: AbortSignal;
  /**
   * Shows a message at the resource. A `status` message is a progress line: shown while the operation runs, not kept.
   * Never throws; secrets do not belong here.
   */
  log(severity: Severity, message: string, options?: { status?: boolean }): void;
}

/** The resource an operation is about. */
export interface ResourceRequest {
  readonly urn: string;
  /** Type token, such as `command:local:Command`. */
  readonly type: string;
  /** Logical name in the program. */
  readonly name: string;
}

export interface CheckRequest extends ResourceRequest {
  /** Inputs of the last update, as they were checked then; empty for a new resource. */
  readonly olds: PropertyMap;
  /** Inputs as the program gives them; values may be unknown. */
  readonly news: PropertyMap;
  /** Seed for names that must be the same in preview and update. */
  readonly randomSeed: Uint8Array;
}

export interface CheckFailure {
  /** Property path such as `connection.host`; empty when the failure is about the resource as a whole. */
  readonly property: string;
  readonly reason: string;
}

export interface CheckResult {
  /** Inputs with defaults filled in: what diff, create and update are given and what the state keeps. */
  readonly inputs: PropertyMap;
  readonly failures?: readonly CheckFailure[];
}

export interface DiffRequest extends ResourceRequest {
  readonly id: string;
  /** Outputs of the last update or refresh. */
  readonly olds: PropertyMap;
  readonly oldInputs: PropertyMap;
  readonly news: PropertyMap;
  readonly ignoreChanges: readonly string[];
}

export type DiffKind = 'add' | 'add-replace' | 'delete' | 'delete-replace' | 'update' | 'update-replace';

export interface DiffResult {
  readonly changes: boolean;
  /**
   * What changes, by property path (`a.b[0]["c.d"]`); kinds that end in `-replace` make the engine replace the
   * resource. `inputDiff`: the path is compared between old and new inputs, otherwise between state and new inputs.
   */
  readonly detailed?: Readonly<Record<string, { kind: DiffKind; inputDiff?: boolean }>>;
  /** Property names that force a replacement, in addition to those that `detailed` names. */
  readonly replaces?: readonly string[];
  readonly stables?: readonly string[];
  readonly deleteBeforeReplace?: boolean;
}

/** What limits a change in time. */
interface TimedRequest {
  /** The resource's `customTimeouts` for this operation; 0 or absent when it has none. The signal ends with it. */
  readonly timeoutSeconds?: number;
}

export interface CreateRequest extends ResourceRequest, TimedRequest {
  readonly inputs: PropertyMap;
  /** True in a preview: nothing may be changed, and outputs that are not known yet are `unknown`. */
  readonly preview: boolean;
}

export interface CreateResult {
  /** May be empty in a preview only. */
  readonly id: string;
  readonly outputs: PropertyMap;
}

export interface ReadRequest extends ResourceRequest {
  readonly id: string;
  /** Last known outputs; empty for an import. */
  readonly properties: PropertyMap;
  /** Last known inputs; empty for an import. */
  readonly inputs: PropertyMap;
}

export interface ReadResult {
  /** Empty when the resource does not exist any more. */
  readonly id: string;
  readonly outputs: PropertyMap;
  readonly inputs: PropertyMap;
}

export interface UpdateRequest extends ResourceRequest, TimedRequest {
  readonly id: string;
  readonly olds: PropertyMap;
  readonly oldInputs: PropertyMap;
  readonly news: PropertyMap;
  readonly ignoreChanges: readonly string[];
  readonly preview: boolean;
}

export interface UpdateResult {
  readonly outputs: PropertyMap;
}

export interface DeleteRequest extends ResourceRequest, TimedRequest {
  readonly id: string;
  readonly properties: PropertyMap;
  readonly oldInputs: PropertyMap;
}

/** The provider resource itself (`new k8s.Provider(…)` or the default one). */
export interface ProviderConfigRequest {
  readonly urn: string;
  readonly olds: PropertyMap;
  readonly news: PropertyMap;
}

export interface ProviderConfigDiffRequest extends ProviderConfigRequest {
  readonly oldInputs: PropertyMap;
}

/**
 * What a plugin implements. Every method may throw: an {@link InitFailedError} keeps the state of what was made
 * already, an {@link InvalidPropertiesError} is shown at its properties, anything else is a plain failure with its message.
 */
export interface Provider {
  /** Package name, such as `command`. */
  readonly name: string;
  /** Version reported to the engine; that of the official plugin whose place is taken. */
  readonly version: string;

  /** Default: the inputs are fine as they are. */
  checkConfig?(request: ProviderConfigRequest, context: Context): Promise<CheckResult>;
  /** Default: a changed configuration never replaces anything. */
  diffConfig?(request: ProviderConfigDiffRequest, context: Context): Promise<DiffResult>;
  /** Called once before the first operation on a resource. In a preview values may be unknown. */
  configure?(config: PropertyMap, context: Context): Promise<void>;

  check(request: CheckRequest, context: Context): Promise<CheckResult>;
  diff(request: DiffRequest, context: Context): Promise<DiffResult>;
  create(request: CreateRequest, context: Context): Promise<CreateResult>;
  read(request: ReadRequest, context: Context): Promise<ReadResult>;
  update(request: UpdateRequest, context: Context): Promise<UpdateResult>;
  delete(request: DeleteRequest, context: Context): Promise<void>;

  /** Called when the plugin is about to end; closes connections. */
  close?(): Promise<void>;
}
