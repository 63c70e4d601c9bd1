import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { Rig } from '../../sim/scenarios/rig.js';
import { leaveTimelineOfScenario, leaveTimelineOfSeed } from './leave-timeline.js';

function scratch(): string {
  const folder = mkdtempSync(join(tmpdir(), 'timelines-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  return folder;
}

test('given a scenario that fails, then its timeline shows what happened until then, and the failure', () => {
  const run = (): void => {
    const rig = new Rig(3);
    rig.leader().crash();
    throw new Error('on purpose');
  };
  const page = readFileSync(leaveTimelineOfScenario({ name: 'A leader dies (3.1)', run }, scratch())!, 'utf8');
  expect(page).toContain('<title>raft: A leader dies (3.1)</title>');
  const [last, ...before] = /id="trace">\n([\s\S]*?)\n<\/script>/.exec(page)![1]!.split('\n').reverse();
  expect(JSON.parse(last!)).toMatchObject({
    event: 'violation',
    cause: 'A leader dies (3.1)',
    what: expect.stringContaining('on purpose'),
  });
  const kinds = before.map((line) => (JSON.parse(line) as { event: string }).event);
  expect(kinds).toEqual(expect.arrayContaining(['start', 'role', 'send', 'receive', 'crash']));
});

test('given a scenario without a cluster, then there is nothing to draw', () => {
  const run = (): void => {
    throw new Error('on purpose');
  };
  expect(leaveTimelineOfScenario({ name: 'One core', run }, scratch())).toBeNull();
});

test('given a seed, then its timeline has the bytes of its trace', () => {
  const page = readFileSync(leaveTimelineOfSeed('0x2a', scratch()), 'utf8');
  expect(page).toContain('<title>raft: seed 0x2a</title>');
  expect(page.split('\n').filter((line) => line.startsWith('{"v":1')).length).toBeGreaterThan(5000);
});
