import { readFileSync } from 'node:fs';
import { beforeEach, describe, expect, it } from 'vitest';
import { type AccessControl, defaultModelPath, openAccessControl, type Principal } from '../../src/index.js';
import { World } from '../world.js';

const alice: Principal = { kind: 'client', subject: 'alice' };
const node: Principal = { kind: 'node', cluster: 'prod', nodeId: 'n1' };
const model = readFileSync(defaultModelPath, 'utf8');
const settings = { model: '/model.conf', policy: '/policy.csv', pollMs: 250 };

let world: World;
let control: AccessControl;
const open = (more: object = {}): Promise<AccessControl> => openAccessControl({ ...settings, ...more }, world);

beforeEach(async () => {
  world = new World();
  world.put('/model.conf', model);
  world.put('/policy.csv', 'p, alice, orders-*, produce, allow\n');
  control = await open();
});

describe('a request', () => {
  it('is allowed by the policy, again and again, without a word', () => {
    expect(control.isAllowed(alice, 'produce', 'orders-eu')).toBe(true);
    expect(control.isAllowed(alice, 'produce', 'orders-eu')).toBe(true);
    expect(world.records).toEqual([]);
  });

  it('is denied otherwise, and every denial is an audit event', () => {
    for (let times = 0; times < 3; times += 1) expect(control.isAllowed(alice, 'consume', 'orders-eu')).toBe(false);
    const event = {
      kind: 'access-denied',
      subject: 'alice',
      action: 'consume',
      log: 'orders-eu',
      reason: 'no line allows it',
    };
    expect(world.events('access-denied')).toEqual([event, event, event]);
  });

  it('of a node is decided by its SPIFFE id', async () => {
    world.put('/policy.csv', 'p, spiffe://prod/node/n1, *, consume, allow\n');
    control = await open();
    expect(control.isAllowed(node, 'consume', 'x')).toBe(true);
    expect(control.isAllowed({ ...node, nodeId: 'n2' }, 'consume', 'x')).toBe(false);
  });

  it('that asks for a node, or for anybody, is decided without the policy', () => {
    expect([control.isAllowed(node, 'node', '*'), control.isAllowed(node, 'authenticated', '*')]).toEqual([true, true]);
    expect([control.isAllowed(alice, 'node', '*'), control.isAllowed(alice, 'authenticated', '*')]).toEqual([
      false,
      true,
    ]);
    expect(world.events('access-denied')).toMatchObject([{ subject: 'alice', action: 'node' }]);
  });

  it('for an action that there is not, or by a role, is denied', async () => {
    world.put('/policy.csv', 'p, role:boss, *, *, allow\ng, alice, role:boss\n');
    control = await open();
    expect(control.isAllowed(alice, 'produce', 'x')).toBe(true);
    expect(control.isAllowed(alice, 'fly', 'x')).toBe(false);
    expect(control.isAllowed({ kind: 'client', subject: 'role:boss' }, 'produce', 'x')).toBe(false);
  });

  it('is never taken for another one', () => {
    expect(control.isAllowed(alice, 'produce', 'orders-x')).toBe(true);
    expect(control.isAllowed({ kind: 'client', subject: 'alice\0orders-x' }, 'produce', '')).toBe(false);
    expect(control.isAllowed({ kind: 'client', subject: 'produce\0alice' }, 'produce', 'orders-x')).toBe(false);
    expect(control.isAllowed(alice, 'produce\0alice', 'orders-x')).toBe(false);
  });

  it('is one of any number, in bounded memory', async () => {
    control = await open({ decisionsMax: 10 });
    for (let log = 0; log < 1000; log += 1) expect(control.isAllowed(alice, 'produce', `orders-${log}`)).toBe(true);
    expect(control.isAllowed(alice, 'produce', 'orders-0')).toBe(true);
    expect(control.isAllowed(alice, 'consume', 'orders-0')).toBe(false);
  });
});

describe('explain', () => {
  it('names the line that decided, and audits nothing', () => {
    expect(control.explain('alice', 'produce', 'orders-eu')).toEqual({
      isAllowed: true,
      line: { number: 1, text: 'p, alice, orders-*, produce, allow' },
      reason: 'line 1 of /policy.csv allows it: p, alice, orders-*, produce, allow',
    });
    expect(control.explain('bob', 'produce', 'orders-eu')).toEqual({ isAllowed: false, reason: 'no line allows it' });
    expect(control.explain('bob', 'fly', 'x').reason).toBe('there is no action "fly"');
    expect(world.records).toEqual([]);
  });
});

describe('a changed policy', () => {
  const revoked = 'p, alice, other, produce, allow\n';

  it('holds within a second, remembered decisions included, and listeners are told afterwards', async () => {
    const seen: boolean[] = [];
    const forget = control.onChange(() => seen.push(control.isAllowed(alice, 'produce', 'orders-eu')));
    expect(control.isAllowed(alice, 'produce', 'orders-eu')).toBe(true);
    control.start();
    await world.pass(1000);
    world.put('/policy.csv', revoked);
    await world.pass(750);
    expect(control.isAllowed(alice, 'produce', 'orders-eu')).toBe(false);
    expect(seen).toEqual([false]);
    expect(control.counts).toEqual({ changes: 1, refusals: 0 });
    expect(world.events('policy-changed')).toHaveLength(1);
    forget();
    world.put('/policy.csv', 'p, bob, other, produce, allow\n');
    await world.pass(750);
    expect(seen).toEqual([false]);
    expect(control.counts.changes).toBe(2);
    await control.stop();
  });

  it('is not read while it is still being written', async () => {
    control.start();
    // Two hundred lines, written one every 100 ms; the denial comes last.
    let text = '';
    for (let line = 0; line < 50; line += 1) {
      text += `p, user-${line}, x, produce, allow\n`;
      world.put('/policy.csv', text);
      await world.pass(100);
    }
    expect(control.counts).toEqual({ changes: 0, refusals: 0 });
    await world.pass(500);
    expect(control.counts).toEqual({ changes: 1, refusals: 0 });
    await control.stop();
  });

  it.each([
    ['has a typo', 'p, alice, orders-*, prodcue, allow\n'],
    ['is empty', ''],
    ['was cut short', 'p, alice, orders-*, produce, al'],
    ['is no text', '\u0000\u0001'],
    ['has lines that only some would end', 'p, alice, x, produce, allow\rp, alice, x, consume, deny\n'],
    ['is far too long', 'p, alice, x, produce, allow\n'.repeat(50_000)],
  ])('that %s is refused: the old one holds, and it is said once and counted', async (_, broken) => {
    control.start();
    world.put('/policy.csv', broken);
    await world.pass(5000);
    expect(control.isAllowed(alice, 'produce', 'orders-eu')).toBe(true);
    expect(control.counts).toEqual({ changes: 0, refusals: 1 });
    expect(world.events('policy-refused')).toEqual([
      { kind: 'policy-refused', reason: expect.stringContaining('/policy.csv') },
    ]);
    world.put('/policy.csv', revoked);
    await world.pass(750);
    expect(control.isAllowed(alice, 'produce', 'orders-eu')).toBe(false);
    await control.stop();
  });

  it('that was removed changes nothing', async () => {
    control.start();
    await world.files.remove('/policy.csv');
    await world.pass(2000);
    expect(control.isAllowed(alice, 'produce', 'orders-eu')).toBe(true);
    expect(world.events('policy-refused')).toEqual([
      { kind: 'policy-refused', reason: 'cannot read /policy.csv: it is not there' },
    ]);
    await control.stop();
  });

  it('holds at once on reload, which says whether it does', async () => {
    world.put('/policy.csv', revoked);
    expect(await control.reload()).toBe(true);
    expect(control.isAllowed(alice, 'produce', 'orders-eu')).toBe(false);
    world.put('/policy.csv', 'nonsense');
    expect(await control.reload()).toBe(false);
    expect(control.counts).toEqual({ changes: 1, refusals: 1 });
  });

  it('takes its model with it: the two are one change', async () => {
    world.put('/model.conf', model.replace('"*"', '"all"'));
    world.put('/policy.csv', 'p, all, *, produce, allow\n');
    expect(await control.reload()).toBe(true);
    expect(control.isAllowed({ kind: 'client', subject: 'anyone' }, 'produce', 'x')).toBe(true);
    world.put('/model.conf', 'broken');
    world.put('/policy.csv', revoked);
    expect(await control.reload()).toBe(false);
    expect(control.isAllowed({ kind: 'client', subject: 'anyone' }, 'produce', 'x')).toBe(true);
  });

  it('is looked for once at a time, however often it was started', async () => {
    control.start();
    world.clock.runNext();
    const stopped = control.stop();
    control.start();
    await stopped;
    await world.pass(0);
    await control.stop();
    expect(world.clock.nextTimerMs()).toBeUndefined();
  });

  it('is not looked for after stop', async () => {
    control.start();
    control.start();
    await control.stop();
    await control.stop();
    world.put('/policy.csv', revoked);
    await world.pass(10_000);
    expect(control.counts.changes).toBe(0);
    expect(world.clock.nextTimerMs()).toBeUndefined();
  });
});

describe('opening refuses', () => {
  it.each([
    ['a policy with a typo', { '/policy.csv': 'p, alice, orders-*, prodcue, allow\n' }, 'policy'],
    ['an empty policy', { '/policy.csv': '' }, 'policy'],
    ['a policy that was cut short', { '/policy.csv': 'p, alice, orders-*, produce, de' }, 'policy'],
    ['a model that was cut short', { '/model.conf': model.slice(0, -20) }, 'policy'],
  ])('%s', async (_, files, code) => {
    for (const [path, text] of Object.entries(files)) world.put(path, text);
    await expect(open()).rejects.toMatchObject({ name: 'AuthError', code });
  });

  it('files that are not there, and settings out of range', async () => {
    await expect(open({ policy: '/none.csv' })).rejects.toMatchObject({ code: 'file', path: '/none.csv' });
    await expect(open({ pollMs: 9 })).rejects.toMatchObject({ code: 'settings' });
    await expect(open({ decisionsMax: 0 })).rejects.toMatchObject({ code: 'settings' });
    await expect(open({ actions: ['node'] })).rejects.toMatchObject({ code: 'settings' });
  });
});
