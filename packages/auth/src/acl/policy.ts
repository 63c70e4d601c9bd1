import { type Adapter, Enforcer, FunctionMap, type Model, newEnforcerWithClass } from 'casbin';
import { AuthError, wordsOf } from '../errors.js';
import type { GiveWay } from '../give-way.js';
import { Recent } from '../recent.js';
import { type AccessModel, readModel } from './model-file.js';
import { linesMax, type PolicyLine, readPolicy } from './policy-file.js';
import { Roles } from './roles.js';

/** What a policy says to one request, and why. */
export interface Decision {
  readonly isAllowed: boolean;
  /** The line that decided; missing where none did, which is a denial in all usual models. */
  readonly line?: { readonly number: number; readonly text: string };
  /** For people. */
  readonly reason: string;
}

/** A file's text, and where it is from. */
export interface PolicySource {
  readonly text: string;
  readonly path: string;
}

/** A model and a policy, checked as a whole: it never changes. */
export class Policy {
  readonly lineCount: number;
  readonly #enforcer: Enforcer;
  /** By identity: Casbin hands back the very array that it was given. */
  readonly #lines: ReadonlyMap<readonly string[], PolicyLine>;
  readonly #path: string;
  readonly #asksForAny: boolean;

  private constructor(enforcer: Enforcer, lines: readonly PolicyLine[], path: string, asksForAny: boolean) {
    this.#enforcer = enforcer;
    this.#lines = new Map(lines.map((line) => [line.values, line]));
    this.#path = path;
    this.#asksForAny = asksForAny;
    this.lineCount = lines.length;
  }

  /**
   * @param giveWay called between lines: a policy may have 10,000
   * @throws AuthError `policy` for the first of the two files that cannot be relied on
   */
  static async read(
    model: PolicySource,
    policy: PolicySource,
    actions: ReadonlySet<string>,
    giveWay: GiveWay = () => undefined,
  ): Promise<Policy> {
    const checked = readModel(model.text, model.path);
    const lines = await readPolicy(policy.text, policy.path, checked, actions, giveWay);
    let enforcer: Enforcer;
    try {
      enforcer = await newEnforcerWithClass(CompilingEnforcer, checked.makeModel(), adapterOf(lines));
      enforcer.setRoleManager(new Roles());
      await enforcer.buildRoleLinks();
    } catch (error) {
      throw new AuthError('policy', `${model.path}: Casbin cannot use it: ${wordsOf(error)}`, { path: model.path });
    }
    await tryEach(enforcer, lines, checked, { model: model.path, policy: policy.path }, giveWay);
    return new Policy(enforcer, lines, policy.path, checked.isLiteral);
  }

  /**
   * A literal model knows `*` only as a name. Its policies mean "any log" by it, so it is asked for as well, and a denial of
   * either wins.
   */
  decide(subject: string, action: string, log: string): Decision {
    const named = this.#ask(subject, log, action);
    if (!this.#asksForAny || log === '*' || isDeniedExpressly(named)) return named;
    const any = this.#ask(subject, '*', action);
    return isDeniedExpressly(any) || any.isAllowed ? any : named;
  }

  #ask(subject: string, object: string, action: string): Decision {
    let answer: [boolean, string[]];
    try {
      answer = this.#enforcer.enforceExSync(subject, object, action);
    } catch (error) {
      return { isAllowed: false, reason: `the policy could not be evaluated: ${wordsOf(error)}` };
    }
    const [isAllowed, values] = answer;
    const line = this.#lines.get(values);
    if (line === undefined) return { isAllowed, reason: isAllowed ? 'no line denies it' : 'no line allows it' };
    const verb = isAllowed ? 'allows' : 'denies';
    const { number, text } = line;
    return { isAllowed, line: { number, text }, reason: `line ${number} of ${this.#path} ${verb} it: ${text}` };
  }
}

/**
 * Runs the matcher with every rule, alone and asked for what it speaks of: a pattern or an expression in it can be wrong in what only running it shows, and
 * would then deny whatever comes past it.
 *
 * @throws AuthError `policy`
 */
async function tryEach(
  enforcer: Enforcer,
  lines: readonly PolicyLine[],
  { subjectAt, objectAt, actionAt }: AccessModel,
  paths: { readonly model: string; readonly policy: string },
  giveWay: GiveWay,
): Promise<void> {
  const rules = enforcer.getModel().model.get('p')!.get('p')!;
  const all = rules.policy;
  for (const { number, values } of lines.filter(({ kind }) => kind === 'p')) {
    await giveWay();
    rules.policy = [values];
    try {
      enforcer.enforceSync(...[subjectAt, objectAt, actionAt].map((field) => values[field]));
    } catch (error) {
      const why = `${paths.policy}: line ${number}: the matcher of ${paths.model} cannot be run with it: ${wordsOf(error)}`;
      throw new AuthError('policy', why, { path: paths.policy });
    }
  }
  rules.policy = all;
}

/** Casbin's own `regexMatch` compiles a pattern each time that it is asked about. */
class CompilingEnforcer extends Enforcer {
  protected override fm: FunctionMap = withCompiledPatterns(FunctionMap.loadFunctionMap());
}

function withCompiledPatterns(functions: FunctionMap): FunctionMap {
  // They come from the policy, so that they are about as many as its lines.
  const compiled = new Recent<RegExp>(linesMax);
  functions.getFunctions().set('regexMatch', (text: unknown, pattern: unknown): boolean => {
    const source = String(pattern);
    let regExp = compiled.get(source);
    if (regExp === undefined) {
      regExp = new RegExp(source);
      compiled.set(source, regExp);
    }
    return regExp.test(String(text));
  });
  return functions;
}

function isDeniedExpressly({ isAllowed, line }: Decision): boolean {
  return !isAllowed && line !== undefined;
}

/** Hands checked lines to Casbin. */
function adapterOf(lines: readonly PolicyLine[]): Adapter {
  const refuse = (): Promise<never> => Promise.reject(new Error('a policy is changed in its file'));
  return {
    async loadPolicy(model: Model) {
      for (const { kind, values } of lines) model.model.get(kind)!.get(kind)!.policy.push(values);
    },
    savePolicy: refuse,
    addPolicy: refuse,
    removePolicy: refuse,
    removeFilteredPolicy: refuse,
  };
}
