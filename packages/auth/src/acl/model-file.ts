import { FunctionMap, type Model, newModelFromString } from 'casbin';
import { AuthError, wordsOf } from '../errors.js';
import { requireWhole } from './ending.js';

/** A Casbin model that was checked, and what the check found out about it. */
export interface AccessModel {
  /** A fresh copy, without any policy. */
  makeModel(): Model;
  /** The fields of a policy line, in their order: `sub`, `obj`, `act` and perhaps `eft` and others. */
  readonly fields: readonly string[];
  /** Which of them are compared with the request's: the first three, not counting `priority`. */
  readonly subjectAt: number;
  readonly objectAt: number;
  readonly actionAt: number;
  /** How many names a `g` line has; 0 where the model has no roles. */
  readonly roleFields: number;
  /** Whether subjects are compared by `==` and roles, so that a policy must spell them as they are. */
  readonly hasLiteralSubjects: boolean;
  /** Whether a policy line may have `*` for its subject. */
  readonly hasAnySubject: boolean;
  /** Whether logs are compared by `==`, so that `*` in a policy line means nothing to the matcher. */
  readonly isLiteral: boolean;
  /** Whether logs are compared by `keyMatch`, to which `*` means any ending. */
  readonly hasPrefixPatterns: boolean;
  /** Whether an action is compared by `==`, so that a policy must spell it as it is. */
  readonly hasLiteralActions: boolean;
  /** Whether a policy line may have `*` for its action. */
  readonly hasAnyAction: boolean;
  /** Whether a line that denies has any effect. */
  readonly heedsDeny: boolean;
}

const sections = ['request_definition', 'policy_definition', 'role_definition', 'policy_effect', 'matchers'];

/**
 * Reads a model file. Casbin is lenient with one: it passes over what it does not know, and takes a matcher that was cut short
 * for one that asks for less. So every field of request and policy must be used, and nothing else.
 *
 * @throws AuthError `policy`
 */
export function readModel(text: string, path: string): AccessModel {
  const refuse = (why: string): AuthError => new AuthError('policy', `${path}: ${why}`, { path });
  requireWhole(text, path);
  requireKnownSections(text, refuse);
  let model: Model;
  try {
    model = newModelFromString(text);
  } catch (error) {
    throw refuse(`not a Casbin model: ${wordsOf(error)}`);
  }
  // Cut inside of its matcher, or after a line that goes on in the next, a model may well ask for less.
  if (!text.endsWith('\n') || text.trimEnd().endsWith('\\'))
    throw refuse('the file ends in the middle of a line: was it cut short? The last line, too, needs its line feed');
  for (const section of ['r', 'p', 'e', 'm', 'g']) {
    if ((model.model.get(section)?.size ?? 0) > 1)
      throw refuse(`expected one definition of "${section}", found several`);
  }
  const request = model.model.get('r')!.get('r')?.tokens ?? [];
  const policy = model.model.get('p')!.get('p')?.tokens ?? [];
  const matcher = model.model.get('m')!.get('m')?.value ?? '';
  const effect = model.model.get('e')!.get('e')?.value ?? '';
  if (request.length !== 3) {
    throw refuse(
      `expected a request of subject, object and action (r = sub, obj, act), found ${request.length} fields`,
    );
  }
  const compared = policy.filter((token) => token !== 'p_priority');
  if (compared.length < 3) throw refuse(`expected p = sub, obj, act, found ${compared.length} fields`);
  if (/[&|=!<>~+*/%,-]$/.test(matcher.trimEnd())) throw refuse('the matcher ends in an operator: was it cut short?');
  requireEveryField(matcher, [...request, ...policy], refuse);
  requireKnownFunctions(matcher, model.model.has('g'), refuse);
  requirePatternsOfPolicy(matcher, refuse);
  if (effect === subjectPriority) {
    throw refuse(
      'the policy effect subjectPriority is not supported: the order that Casbin gives the lines can lose a denial. Use priority, or let denials win',
    );
  }
  if (!effects.includes(effect))
    throw refuse(`the policy effect "${effect}" is none that Casbin knows: was it cut short?`);
  const [subject, object, action] = request as [string, string, string];
  const [ofSubject, ofObject, ofAction] = compared as [string, string, string];
  const hasEffectField = policy.includes('p_eft');
  return {
    makeModel: () => newModelFromString(text),
    fields: policy.map((token) => token.slice(2)),
    subjectAt: policy.indexOf(ofSubject),
    objectAt: policy.indexOf(ofObject),
    actionAt: policy.indexOf(ofAction),
    roleFields: model.model.get('g')?.get('g')?.value.split(',').length ?? 0,
    hasLiteralSubjects: isComparedLiterally(matcher.replace(/\bg\([^)]*\)/g, ''), subject),
    hasAnySubject: isComparedWithAny(matcher, ofSubject),
    isLiteral: isComparedLiterally(matcher, object),
    hasPrefixPatterns: new RegExp(`keyMatch\\(\\s*${object}\\s*,\\s*p_\\w+\\s*\\)`).test(matcher),
    hasLiteralActions: isComparedLiterally(matcher, action),
    hasAnyAction: isComparedWithAny(matcher, ofAction),
    heedsDeny: hasEffectField && effect !== effects[0],
  };
}

/** Those of Casbin that can be relied on, spelt as it spells them; the first one heeds no denial. */
const effects = [
  'some(where (p_eft == allow))',
  '!some(where (p_eft == deny))',
  'some(where (p_eft == allow)) && !some(where (p_eft == deny))',
  'priority(p_eft) || deny',
];
/** Casbin compares the subjects of two lines only if one stands above the other, which orders no list that has others between them. */
const subjectPriority = 'subjectPriority(p_eft) || deny';

function requireKnownSections(text: string, refuse: (why: string) => AuthError): void {
  for (const [at, line] of text.split('\n').entries()) {
    const name = /^\s*\[(.*)\]\s*$/.exec(line)?.[1];
    if (name !== undefined && !sections.includes(name)) {
      throw refuse(`line ${at + 1}: expected one of the sections ${sections.join(', ')}, found "${name}"`);
    }
  }
}

/** Fields that decide without being named in the matcher. */
const decideAlone = ['p_eft', 'p_priority'];

function requireEveryField(matcher: string, fields: readonly string[], refuse: (why: string) => AuthError): void {
  const named: readonly string[] = withoutStrings(matcher).match(/\b[rp]_\w+/g) ?? [];
  const dotted = (field: string): string => field.replace('_', '.');
  const unknown = named.find((name) => !fields.includes(name));
  if (unknown !== undefined) throw refuse(`the matcher speaks of ${dotted(unknown)}, which is not defined`);
  const unused = fields.find((field) => !decideAlone.includes(field) && !named.includes(field));
  if (unused === undefined) return;
  throw refuse(`the matcher never asks for ${dotted(unused)}, so it would allow too much: was it cut short?`);
}

function requireKnownFunctions(matcher: string, hasRoles: boolean, refuse: (why: string) => AuthError): void {
  const known = new Set([...FunctionMap.loadFunctionMap().getFunctions().keys(), 'eval', ...(hasRoles ? ['g'] : [])]);
  for (const [, name] of withoutStrings(matcher).matchAll(/(\w+)\s*\(/g)) {
    if (!known.has(name!)) throw refuse(`the matcher calls "${name}", expected one of ${[...known].join(', ')}`);
  }
}

/** Whoever calls would otherwise name the pattern that decides about them. */
function requirePatternsOfPolicy(matcher: string, refuse: (why: string) => AuthError): void {
  const calls = withoutStrings(matcher).matchAll(/\b(keyMatch\d?|regexMatch|globMatch|ipMatch)\(([^()]*)\)/g);
  for (const [call, name, values] of calls) {
    const pattern = values!.split(',')[1]?.trim() ?? '';
    if (/^(p_\w+|"")$/.test(pattern)) continue;
    throw refuse(`"${call}" takes its pattern, the second value, from elsewhere than the policy: ${name}(r.x, p.x)`);
  }
}

function withoutStrings(matcher: string): string {
  return matcher.replace(/"[^"]*"|'[^']*'/g, '""');
}

/** Whether a field of the request occurs in nothing but comparisons by `==`. */
function isComparedLiterally(matcher: string, field: string): boolean {
  const comparison = new RegExp(`\\b${field}\\s*==\\s*[\\w"'*]+|[\\w"'*]+\\s*==\\s*${field}\\b`, 'g');
  return !matcher.replaceAll(comparison, '').includes(field);
}

/** Whether a field of the policy may be `*`. */
function isComparedWithAny(matcher: string, field: string): boolean {
  return new RegExp(`\\b${field}\\s*==\\s*["']\\*["']`).test(matcher);
}
