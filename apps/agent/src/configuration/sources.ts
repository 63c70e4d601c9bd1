import { isMap, isNode, isScalar, LineCounter, parseDocument, type YAMLMap } from 'yaml';
import { flagOf, settings, variableOf } from './settings.js';

/** A value as somebody wrote it, and where. */
export interface Written {
  readonly value: unknown;
  /** Such as `--join`, `COMMITLOG_JOIN`, `agent.yaml:3` or `default`. */
  readonly origin: string;
}

/** What one source says, by the settings' paths. */
export type Source = ReadonlyMap<string, Written>;

/** Something that is no setting, or no way to say one. */
export interface Misplaced {
  readonly path: string;
  readonly value: unknown;
  readonly origin: string;
  readonly expected: string;
}

interface Found {
  readonly source: Source;
  readonly misplaced: readonly Misplaced[];
}

const paths = Object.keys(settings);
const flagPaths = new Map(paths.map((path) => [flagOf(path), path]));
const variablePaths = new Map(paths.map((path) => [variableOf(path), path]));

/** A flag is followed by its value, or joined to it by `=`; alone it means true. */
export function fromFlags(args: readonly string[]): Found {
  const source = new Map<string, Written>();
  const misplaced: Misplaced[] = [];
  for (let at = 0; at < args.length; at += 1) {
    const argument = args[at]!;
    const [flag, joined] = split(argument);
    const path = flagPaths.get(flag);
    if (path === undefined) {
      misplaced.push({ path: flag, value: argument, origin: 'the command line', expected: 'a flag of --help' });
      continue;
    }
    const next = args[at + 1];
    const isAlone = joined === undefined && (next === undefined || next.startsWith('--'));
    source.set(path, { value: joined ?? (isAlone ? true : next), origin: flag });
    if (joined === undefined && !isAlone) at += 1;
  }
  return { source, misplaced };
}

/** Variables that begin with `COMMITLOG_`; an empty one says nothing. */
export function fromEnvironment(environment: Readonly<Record<string, string | undefined>>): Found {
  const source = new Map<string, Written>();
  const misplaced: Misplaced[] = [];
  for (const [name, value] of Object.entries(environment)) {
    if (!name.startsWith('COMMITLOG_') || value === undefined || value === '' || isForOthers(name)) continue;
    const path = variablePaths.get(name);
    if (path !== undefined) source.set(path, { value, origin: name });
    else misplaced.push({ path: name, value, origin: 'the environment', expected: 'a variable that --help names' });
  }
  return { source, misplaced };
}

/**
 * Named alike, and none of the agent's settings: those of our tests, of the file's place and of the command line, and what Kubernetes gives to every container
 * beside a service of the name `commitlog`.
 */
function isForOthers(name: string): boolean {
  return /^COMMITLOG_(SEED|CONFIG|SERVERS|DEADLINE|OUTPUT|SERVICE_HOST|SERVICE_PORT(_\w+)?|PORT(_\w+)?)$/.test(name);
}

/** What a program has set; `undefined` says nothing. */
export function fromProgram(given: Readonly<Record<string, unknown>>): Found {
  const source = new Map<string, Written>();
  const misplaced: Misplaced[] = [];
  for (const [path, value] of Object.entries(given)) {
    if (value === undefined) continue;
    if (paths.includes(path)) source.set(path, { value, origin: 'the program' });
    else misplaced.push({ path, value, origin: 'the program', expected: 'the path of a setting' });
  }
  return { source, misplaced };
}

/** @param name what the file is called in messages */
export function fromYaml(content: string, name: string): Found {
  const source = new Map<string, Written>();
  const misplaced: Misplaced[] = [];
  const lines = new LineCounter();
  const document = parseDocument(content, { lineCounter: lines });
  const lineOf = (offset: number): string => `${name}:${lines.linePos(offset).line}`;
  for (const { message, pos } of document.errors) {
    misplaced.push({ path: '', value: message.split('\n')[0], origin: lineOf(pos[0]), expected: 'YAML' });
  }
  if (misplaced.length > 0) return { source, misplaced };
  const visit = (map: YAMLMap, prefix: string): void => {
    for (const { key, value } of map.items) {
      const path = `${prefix}${isScalar(key) ? String(key.value) : '?'}`;
      const origin = lineOf((key as { range?: [number] }).range?.[0] ?? 0);
      const isGroup = paths.some((each) => each.startsWith(`${path}.`));
      if (isMap(value) && isGroup) visit(value, `${path}.`);
      else if (paths.includes(path)) {
        // Nothing behind the colon: nothing said.
        if (plainOf(value) !== undefined) source.set(path, { value: plainOf(value), origin });
      } else {
        const expected = isGroup ? 'settings below it' : 'the path of a setting that --help names';
        misplaced.push({ path, value: plainOf(value), origin, expected });
      }
    }
  };
  const { contents } = document;
  if (isMap(contents)) visit(contents, '');
  else if (contents !== null) {
    misplaced.push({
      path: '',
      value: content.slice(0, 100),
      origin: `${name}:1`,
      expected: 'settings, each as "path: value"',
    });
  }
  return { source, misplaced };
}

function plainOf(node: unknown): unknown {
  return isNode(node) ? (node.toJSON() ?? undefined) : undefined;
}

function split(argument: string): [flag: string, value: string | undefined] {
  const at = argument.indexOf('=');
  return at === -1 ? [argument, undefined] : [argument.slice(0, at), argument.slice(at + 1)];
}
