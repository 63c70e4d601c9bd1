import { parseArgs } from 'node:util';

/** What a simulation understands beside seeds. */
export interface FlagsInit {
  /** What may be asked for in place of a swarm. */
  readonly modes: readonly string[];
  /** The names of its planted bugs. */
  readonly mutants: readonly string[];
  /** Whether a run can be written down. */
  readonly isTraced: boolean;
  /** Whether what was written down can be drawn. */
  readonly isDrawn: boolean;
}

export interface FlagsComponents {
  /** The whole number from `min` to `max` that a flag was given, `undefined` where it was not. Throws at anything else. */
  readonly integerFlag: (flag: string, text: string | undefined, min: number, max: number) => number | undefined;
}

/** What was asked for. */
export interface Flags {
  readonly mode: string | undefined;
  readonly seeds: number;
  /** One seed again. */
  readonly seed: string | undefined;
  /** Where its trace goes. */
  readonly trace: string | undefined;
  /** Where it goes as a page that shows it. */
  readonly timeline: string | undefined;
  /** The bug that is planted. */
  readonly mutant: string | undefined;
  /** A part of the names of those that are hunted. */
  readonly only: string | undefined;
  readonly cores: number | undefined;
  readonly isJson: boolean;
  readonly isHelp: boolean;
}

/** @throws Error that says which flag is wrong */
export function readFlags(args: readonly string[], init: FlagsInit, { integerFlag }: FlagsComponents): Flags {
  const { modes, mutants, isTraced, isDrawn } = init;
  const text = { type: 'string' } as const;
  const isSet = { type: 'boolean', default: false } as const;
  const { values, positionals } = parseArgs({
    args: [...args],
    allowPositionals: modes.length > 0,
    options: {
      seeds: text,
      seed: text,
      cores: text,
      json: isSet,
      help: isSet,
      ...(isTraced && { trace: text }),
      ...(isDrawn && { timeline: text }),
      ...(mutants.length > 0 && { mutant: text, only: text }),
    },
  });
  const { trace, timeline, mutant, only } = values as Partial<Record<'trace' | 'timeline' | 'mutant' | 'only', string>>;
  const [mode, ...more] = positionals;
  if (more.length > 0 || (mode !== undefined && !modes.includes(mode))) {
    throw new Error(`"${positionals.join(' ')}" is not ${modes.join(' or ')}`);
  }
  if (mutant !== undefined && !mutants.includes(mutant)) {
    throw new Error(`there is no mutant "${mutant}"; there are: ${mutants.join(', ')}`);
  }
  if ((trace ?? timeline) !== undefined && values.seed === undefined) {
    throw new Error(`${trace === undefined ? '--timeline' : '--trace'} is of one run: say which, with --seed 0x…`);
  }
  return {
    mode,
    seeds: integerFlag('--seeds', values.seeds, 1, 10_000_000) ?? 100,
    seed: values.seed,
    trace,
    timeline,
    mutant,
    only,
    cores: integerFlag('--cores', values.cores, 1, 256),
    isJson: values.json,
    isHelp: values.help,
  };
}
