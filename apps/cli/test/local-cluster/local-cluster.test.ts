import { writeFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import type { StartAgentOptions, World } from '../../src/world.js';
import { scratch, typed } from '../command-line.js';

/** Agents that say something and end. */
function thatSay(line: object | string): { startAgent: World['startAgent']; started: string[] } {
  const started: string[] = [];
  const startAgent = ({ args, logPath }: StartAgentOptions) => {
    started.push(args.join(' '));
    writeFileSync(logPath, `${typeof line === 'string' ? line : JSON.stringify(line)}\n`);
    return { pid: 1, hasEnded: true, ended: Promise.resolve(), kill: () => {}, letGo: () => Promise.resolve() };
  };
  return { startAgent, started };
}

it.each([
  [
    { level: 50, msg: 'this node cannot run', error: { message: 'the disk is full' } },
    /n1 has ended: .*the disk is full/,
  ],
  ['SyntaxError: something is wrong', /n1 has ended: SyntaxError: something is wrong/],
])('agents that end at once: status 2, why, and nothing left behind', async (line, message) => {
  const { temporary, leftBehind } = await scratch();
  const { status, out, err } = await typed(['demo', '--json'], { temporary, ...thatSay(line) });
  expect({ status, code: JSON.parse(out).error.code }).toEqual({ status: 2, code: 'agent-failed' });
  expect(err).toMatch(message);
  expect(await leftBehind()).toEqual([]);
});

it('a port that somebody else has taken meanwhile: all are started anew, with others, five times at most', async () => {
  const { temporary, leftBehind } = await scratch();
  const { startAgent, started } = thatSay({ level: 50, msg: 'cannot run', error: { message: 'listen EADDRINUSE' } });
  const { status, err } = await typed(['demo'], { temporary, startAgent });
  expect(status).toBe(2);
  expect(err).toContain('somebody else had taken one of their ports');
  expect(started).toHaveLength(15);
  expect(await leftBehind()).toEqual([]);
});
