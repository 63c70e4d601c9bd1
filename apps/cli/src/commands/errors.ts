import { type ApiErrorCode, type ErrorKind, errorTable, isApiErrorCode } from '@commitlog/api';
import type { Command } from 'commander';
import { advice } from '../advice.js';
import { CommandError } from '../errors.js';
import type { Invocation, Result } from '../invocation.js';
import { facts } from '../presentation/facts.js';
import { table } from '../presentation/table.js';

const retries: Readonly<Record<ErrorKind['retry'], string>> = {
  yes: 'yes: nothing has happened',
  idempotent: 'only what does no harm twice, such as a batch of a registered producer: it may have happened',
  no: 'no: it would end in the same way',
};

export function errorsCommand(parent: Command, { print }: Invocation): void {
  parent
    .command('errors')
    .description('explain an error code: what it means, whether to try again, and what to do')
    .argument('[code]', 'such as OFFSET_OUT_OF_RANGE; all of them unless told')
    .addHelpText('after', '\nExample:\n  commitlog errors NOT_LEADER')
    .action((named?: string) => {
      if (named === undefined) return print(all());
      const code = named.toUpperCase().replaceAll('-', '_');
      if (isApiErrorCode(code)) return print(one(code));
      throw new CommandError('usage', `there is no error code "${named}": commitlog errors lists all`);
    });
}

function explained(code: ApiErrorCode): object {
  return { code, ...errorTable[code], advice: advice[code] };
}

function one(code: ApiErrorCode): Result {
  const { grpc, retry, meaning } = errorTable[code];
  const told = facts([
    ['means', meaning],
    ['do', advice[code]],
    ['try again', retries[retry]],
    ['gRPC code', grpc],
  ]);
  const text = `${code}\n${told}`;
  return { json: explained(code), text };
}

function all(): Result {
  const codes = Object.keys(errorTable) as ApiErrorCode[];
  const errors = codes.map(explained);
  const rows = codes.map((code) => [code, errorTable[code].retry, errorTable[code].meaning]);
  const columns = [{ heading: 'code' }, { heading: 'try again' }, { heading: 'meaning' }];
  return { json: { errors }, lines: errors, text: table(columns, rows) };
}
