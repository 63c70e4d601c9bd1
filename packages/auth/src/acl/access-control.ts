import type { Clock, Files } from '@commitlog/runtime';
import type { Audit } from '../audit.js';
import { AuthError } from '../errors.js';
import { givingWay } from '../give-way.js';
import { type Principal, subjectOf } from '../principal.js';
import { Recent } from '../recent.js';
import { textOf } from '../small-file.js';
import { WatchedFiles } from '../watched-files.js';
import { type Decision, Policy } from './policy.js';

/** Settings of {@link openAccessControl}. */
export interface AccessControlSettings {
  /** Path of the Casbin model; `defaultModelPath` is ours. */
  readonly model: string;
  /** Path of the Casbin policy. */
  readonly policy: string;
  /** The actions there are, as requests name them and policy lines may. `produce`, `consume` and `admin` unless told. */
  readonly actions?: readonly string[];
  /** How often the files are looked at, 10 to 60,000 ms. 250 unless told: a change holds half a second later at most. */
  readonly pollMs?: number;
  /** The fewest decisions that are remembered, 1 to 10^6. 50,000 unless told; at most twice as many are. */
  readonly decisionsMax?: number;
}

export interface AccessControlComponents {
  readonly files: Files;
  readonly clock: Clock;
  readonly audit: Audit;
}

const fileBytesMax = 1024 * 1024;

/** Of a decision that is remembered: above the longest action, SPIFFE id and name of a log together. */
const keyCharactersMax = 1024;

/** Actions that no policy gives: they follow from who somebody is. */
const builtIn: ReadonlySet<string> = new Set(['authenticated', 'node']);

/**
 * Opens the access-control list: reads model and policy, and refuses to begin with files that cannot be relied on.
 *
 * @throws AuthError `settings`, `file` or `policy`
 */
export async function openAccessControl(
  settings: AccessControlSettings,
  components: AccessControlComponents,
): Promise<AccessControl> {
  const control = new AccessControl(settings, components);
  await control.load();
  return control;
}

/**
 * Who may do what to which log. Decisions are remembered until the policy changes, and a change takes effect as a whole, between
 * two requests. Files that cannot be relied on change nothing: the old ones hold, and it is said and counted.
 */
export class AccessControl {
  readonly #settings: Required<AccessControlSettings>;
  readonly #clock: Clock;
  readonly #audit: Audit;
  readonly #actions: ReadonlySet<string>;
  readonly #watched: WatchedFiles;
  readonly #listeners: Set<() => void> = new Set();
  #policy: Policy | undefined;
  #decisions: Recent<Decision>;
  #changes = 0;
  #refusals = 0;

  constructor(settings: AccessControlSettings, { files, clock, audit }: AccessControlComponents) {
    this.#settings = resolve(settings);
    const { model, policy, actions, pollMs, decisionsMax } = this.#settings;
    this.#clock = clock;
    this.#audit = audit;
    this.#actions = new Set(actions);
    this.#decisions = new Recent(decisionsMax);
    this.#watched = new WatchedFiles(
      { watched: [model, policy].map((path) => ({ path, bytesMax: fileBytesMax })), pollMs },
      {
        files,
        clock,
        apply: (contents) => this.#apply(contents),
        onRefused: (reason) => {
          this.#refusals += 1;
          audit.record({ kind: 'policy-refused', reason });
        },
      },
    );
  }

  /** Reads the files for the first time: {@link openAccessControl} has done it. */
  async load(): Promise<void> {
    await this.#watched.load();
  }

  /** Watches the files from now on. */
  start(): void {
    this.#watched.start();
  }

  async stop(): Promise<void> {
    await this.#watched.stop();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.stop();
  }

  /** Reads the files now, as SIGHUP asks for. @returns whether what they say now holds */
  reload(): Promise<boolean> {
    return this.#watched.reload();
  }

  /** Counts since the start, for metrics. */
  get counts(): { readonly changes: number; readonly refusals: number } {
    return { changes: this.#changes, refusals: this.#refusals };
  }

  /**
   * Whether a principal may do this now. Takes under a microsecond when it was asked before. A denial is audited.
   *
   * @param action one of the settings' actions; `node` asks for a node, and `authenticated` for anybody at all
   * @param log a log's name, or `*` for what concerns the whole cluster
   */
  isAllowed(principal: Principal, action: string, log: string): boolean {
    const decision = this.#decide(principal, action, log);
    if (decision.isAllowed) return true;
    const subject = subjectOf(principal);
    this.#audit.record({ kind: 'access-denied', subject, action, log, reason: decision.reason });
    return false;
  }

  /**
   * Why a subject may or may not do something: the line that decides, if any does. Nothing is audited.
   *
   * @param subject a client's common name, or a node's SPIFFE id
   */
  explain(subject: string, action: string, log: string): Decision {
    return this.#ask(subject, action, log);
  }

  /** Calls `listener` after each change of the policy, until the function that is returned is called. It must not throw. */
  onChange(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  }

  #decide(principal: Principal, action: string, log: string): Decision {
    if (action === 'authenticated') return { isAllowed: true, reason: 'everybody with an identity may' };
    if (action === 'node') {
      return principal.kind === 'node'
        ? { isAllowed: true, reason: 'nodes may' }
        : { isAllowed: false, reason: 'only a node may, and this is a client' };
    }
    const subject = subjectOf(principal);
    // No action or subject has a NUL, and a log that has one is never remembered: no two requests share a key. Nor is a name that is too long.
    const key = `${action}\0${subject}\0${log}`;
    const remembered = this.#decisions.get(key);
    if (remembered !== undefined) return remembered;
    const decision = this.#ask(subject, action, log);
    if (key.length <= keyCharactersMax && !`${subject}${log}`.includes('\0')) this.#decisions.set(key, decision);
    return decision;
  }

  #ask(subject: string, action: string, log: string): Decision {
    if (!this.#actions.has(action)) return { isAllowed: false, reason: `there is no action "${action}"` };
    if (/^role:/i.test(subject)) return { isAllowed: false, reason: 'a role is nobody' };
    return this.#policy!.decide(subject, action, log);
  }

  async #apply([model, policy]: readonly Buffer[]): Promise<void> {
    const { model: modelPath, policy: policyPath } = this.#settings;
    const isChange = this.#policy !== undefined;
    const next = await Policy.read(
      { path: modelPath, text: textOf(model!, modelPath, 'policy') },
      { path: policyPath, text: textOf(policy!, policyPath, 'policy') },
      this.#actions,
      // At the start nobody waits for anything else.
      isChange ? givingWay(this.#clock) : undefined,
    );
    this.#policy = next;
    this.#decisions = new Recent(this.#settings.decisionsMax);
    if (!isChange) return;
    this.#changes += 1;
    this.#audit.record({ kind: 'policy-changed', what: `${policyPath} has ${next.lineCount} lines` });
    for (const listener of [...this.#listeners]) listener();
  }
}

function resolve(settings: AccessControlSettings): Required<AccessControlSettings> {
  const { actions = ['produce', 'consume', 'admin'], pollMs = 250, decisionsMax = 50_000 } = settings;
  for (const [name, value, min, max] of [
    ['pollMs', pollMs, 10, 60_000],
    ['decisionsMax', decisionsMax, 1, 1_000_000],
  ] as const) {
    if (Number.isInteger(value) && value >= min && value <= max) continue;
    throw new AuthError('settings', `${name} must be an integer from ${min} to ${max}, got ${value}`);
  }
  const odd = actions.find((action) => !/^[a-z][a-z-]{0,63}$/.test(action) || builtIn.has(action));
  if (odd !== undefined)
    throw new AuthError('settings', `"${odd}" cannot be an action: expected lower-case letters and dashes`);
  return { ...settings, actions, pollMs, decisionsMax };
}
