import { BracketAwareCsvParser } from 'casbin';
import { AuthError, wordsOf } from '../errors.js';
import type { GiveWay } from '../give-way.js';
import { parseNodeUri, subjectProblem } from '../principal.js';
import { requireWhole } from './ending.js';
import type { AccessModel } from './model-file.js';

/** One line of a policy. */
export interface PolicyLine {
  /** From 1. */
  readonly number: number;
  /** As it is written, without the space around it. */
  readonly text: string;
  /** `p` gives or denies, `g` puts somebody into a role. */
  readonly kind: 'p' | 'g';
  readonly values: string[];
}

/** Rules in a policy at most: a decision that is not cached walks them all, and 10,000 take about 10 ms. */
export const linesMax = 10_000;
/** Problems named at once. */
const problemsMax = 20;

/**
 * Reads a policy file, line by line with Casbin's own parser, and refuses what Casbin would pass over.
 *
 * @param actions those there are
 * @throws AuthError `policy` that names every problem, with its line
 */
export async function readPolicy(
  text: string,
  path: string,
  model: AccessModel,
  actions: ReadonlySet<string>,
  giveWay: GiveWay,
): Promise<readonly PolicyLine[]> {
  requireWhole(text, path);
  const parser = new BracketAwareCsvParser();
  const problems: string[] = [];
  const lines: PolicyLine[] = [];
  const written = text.split('\n');
  for (const [at, line] of written.entries()) {
    await giveWay();
    // What follows the last line feed; empty in a file that ends as it should.
    const hasEnd = at < written.length - 1;
    try {
      const values = parser.parse(line.trim())?.[0];
      if (values === undefined || values.length === 0) continue;
      lines.push(checkLine({ number: at + 1, text: line.trim(), kind: 'p', values }, model, actions, hasEnd));
    } catch (error) {
      problems.push(`line ${at + 1}: ${wordsOf(error)}: ${line.trim().slice(0, 80)}`);
    }
  }
  if (problems.length === 0) problems.push(...problemsOfWhole(lines, model));
  if (problems.length === 0) return lines;
  const named = problems.slice(0, problemsMax);
  if (problems.length > named.length) named.push(`and ${problems.length - named.length} more`);
  throw new AuthError('policy', `${path}: ${named.join('; ')}`, { path });
}

function problemsOfWhole(lines: readonly PolicyLine[], { subjectAt }: AccessModel): string[] {
  const rules = lines.filter(({ kind }) => kind === 'p');
  if (rules.length === 0) return ['it has no rule: nobody could do anything. A rule begins with "p,"'];
  if (lines.length > linesMax) return [`it has ${lines.length} lines, and ${linesMax} is the most`];
  const meant = new Set([
    ...rules.map(({ values }) => values[subjectAt]!),
    ...memberships(lines).map(({ values }) => values[0]!),
  ]);
  return memberships(lines)
    .filter(({ values }) => !meant.has(values[1]!))
    .map(({ number, values }) => `line ${number}: no rule speaks of "${values[1]}": is it misspelt?`);
}

function memberships(lines: readonly PolicyLine[]): readonly PolicyLine[] {
  return lines.filter(({ kind }) => kind === 'g');
}

/** @throws Error that says what is wrong with the line */
function checkLine(
  { values: [kind, ...values], ...line }: PolicyLine,
  model: AccessModel,
  actions: ReadonlySet<string>,
  hasEnd: boolean,
): PolicyLine {
  if (!hasEnd) requireWholeLast(kind, values, model, actions);
  if (kind === 'g' && model.roleFields > 0) {
    requireCount(values, model.roleFields, model.roleFields);
    for (const name of values.slice(0, 2)) requirePossibleName(name);
  } else if (kind === 'p') {
    const optional = model.fields.at(-1) === 'eft' ? 1 : 0;
    requireCount(values, model.fields.length - optional, model.fields.length);
    requireKnownSubject(values[model.subjectAt]!, model);
    requireKnownObject(values[model.objectAt]!, model);
    requireKnownAction(values[model.actionAt]!, model, actions);
    requireKnownEffect(values[model.fields.indexOf('eft')], model);
    requirePriority(values[model.fields.indexOf('priority')]);
    // Casbin takes a missing effect for this one.
    if (values.length < model.fields.length) values.push('allow');
  } else {
    throw new Error(`expected a line that begins with "p,"${model.roleFields > 0 ? ' or "g,"' : ''}`);
  }
  return { ...line, kind, values };
}

/**
 * A file without a line feed at its end may be one that is still being written, and its last value the beginning of another: `role:op` of
 * `role:operator`. It is taken for whole only where no value that could stand there begins so.
 */
function requireWholeLast(
  kind: string | undefined,
  values: readonly string[],
  { fields, actionAt, hasLiteralActions }: AccessModel,
  actions: ReadonlySet<string>,
): void {
  const last = values.at(-1)!;
  if (kind === 'p' && values.length === fields.length) {
    if (fields.at(-1) === 'eft') return;
    const isBeginning = [...actions].some((action) => action !== last && action.startsWith(last));
    if (actionAt === fields.length - 1 && hasLiteralActions && !isBeginning) return;
  }
  throw new Error('the file ends in the middle of a line: was it cut short? If it is whole, end it with a line feed');
}

function requireCount(values: readonly string[], min: number, max: number): void {
  if (values.length < min || values.length > max) {
    const expected = min === max ? `${max}` : `${min} or ${max}`;
    throw new Error(`expected ${expected} values after the first comma, found ${values.length}`);
  }
  if (values.includes('')) throw new Error('a value is empty');
}

function requireKnownSubject(subject: string, { hasLiteralSubjects, hasAnySubject }: AccessModel): void {
  if (hasLiteralSubjects && !(hasAnySubject && subject === '*')) requirePossibleName(subject);
}

/** A line about a name that nobody can have would do nothing, and if it denies, nobody would notice. */
function requirePossibleName(name: string): void {
  if (/^spiffe:/i.test(name)) {
    if (parseNodeUri(name) === undefined) throw new Error(`"${name}" is not of the form spiffe://<cluster>/node/<id>`);
    return;
  }
  const problem = subjectProblem(name.replace(/^role:/i, ''));
  if (problem !== undefined) throw new Error(`nobody can be called "${name}": ${problem}`);
}

function requirePriority(priority: string | undefined): void {
  if (priority === undefined || /^-?\d{1,9}$/.test(priority)) return;
  throw new Error(`expected an integer for the priority, found "${priority}"`);
}

function requireKnownObject(object: string, { isLiteral, hasPrefixPatterns }: AccessModel): void {
  if (!isLiteral && !hasPrefixPatterns) return;
  const isPattern = object.endsWith('*');
  const name = isPattern ? object.slice(0, -1) : object;
  if (isLiteral && isPattern && name !== '') {
    throw new Error(
      `this model compares names as they are, so that "${object}" matches no log: use a model with patterns`,
    );
  }
  const isName = /^[A-Za-z0-9][A-Za-z0-9._-]{0,127}$/.test(name) && !name.includes('..');
  if (isName || object === '*') return;
  throw new Error(`"${object}" is neither a log's name nor the beginning of one with "*" behind it`);
}

function requireKnownAction(
  action: string,
  { hasLiteralActions, hasAnyAction }: AccessModel,
  actions: ReadonlySet<string>,
): void {
  if (actions.has(action) || (action === '*' && hasAnyAction)) return;
  if (!hasLiteralActions) return;
  const any = hasAnyAction ? ', or * for each of them' : '';
  throw new Error(`there is no action "${action}": expected one of ${[...actions].join(', ')}${any}`);
}

function requireKnownEffect(effect: string | undefined, { heedsDeny }: AccessModel): void {
  if (effect === undefined || effect === 'allow') return;
  if (effect !== 'deny') throw new Error(`expected "allow" or "deny" at the end, found "${effect}"`);
  if (!heedsDeny) throw new Error("the model's policy effect heeds no denial, so that this line would do nothing");
}
