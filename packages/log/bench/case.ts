/**
 * One case in a process of its own: what the compiler and the garbage collector have learned from one case makes the next one faster or
 * slower, by half for reads.
 */
import { fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { type AppendCase, type AppendRates, benchAppend } from './append.js';
import { benchLargeLog, type LargeLogResult } from './large.js';
import { benchRead, type ReadRates } from './read.js';

interface Cases {
  append: { readonly job: AppendCase & { readonly roundMs: number }; readonly result: AppendRates };
  read: { readonly job: { readonly bytes: number }; readonly result: ReadRates };
  large: { readonly job: { readonly bytes: number }; readonly result: LargeLogResult };
}

/** Below which directory, and in how many rounds. */
interface Place {
  readonly dir: string;
  readonly rounds: number;
}

type Report = { readonly done: number } | { readonly result: unknown };

/** @param progress called with how much of the case is done, from 0 to 1, by those that take long */
export async function runCase<Name extends keyof Cases>(
  name: Name,
  job: Cases[Name]['job'],
  place: Place,
  progress: (done: number) => void = () => {},
): Promise<Cases[Name]['result']> {
  const child = fork(fileURLToPath(import.meta.url), [name, JSON.stringify({ ...place, ...job })]);
  return await new Promise((resolve, reject) => {
    child.on('message', (report: Report) => {
      if ('done' in report) progress(report.done);
      else resolve(report.result as Cases[Name]['result']);
    });
    child.on('error', reject);
    child.on('exit', (code) => reject(new Error(`the case ${name} ended with exit code ${code}`)));
  });
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const [, , name, settings] = process.argv;
  const { dir, rounds, ...job } = JSON.parse(settings!);
  const send = (report: Report): void => void process.send!(report);
  switch (name as keyof Cases) {
    case 'append':
      send({ result: await benchAppend(dir, job, rounds, job.roundMs) });
      break;
    case 'read':
      send({ result: await benchRead(dir, rounds, job.bytes) });
      break;
    case 'large':
      send({ result: await benchLargeLog(dir, job.bytes, rounds, (done) => send({ done })) });
  }
  process.disconnect();
}
