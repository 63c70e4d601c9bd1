import { appendFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { lastLine, scratch, typed } from '../command-line.js';

async function policy() {
  const { dir } = await scratch();
  const run = (...args: string[]) => typed(args, { cwd: dir, environment: { COMMITLOG_ACL_POLICY: 'policy.csv' } });
  await writeFile(
    join(dir, 'policy.csv'),
    'p, role:till, orders-*, produce, allow\np, intern, orders-secret, *, deny\ng, till-3, role:till\ng, intern, role:till\n# end\n',
  );
  return { dir, run };
}

it('check answers in a word and by its status', async () => {
  const { run } = await policy();
  expect(await run('acl', 'check', 'till-3', 'produce', 'orders-eu')).toEqual({ status: 0, out: 'allowed\n', err: '' });
  expect(await run('acl', 'check', 'till-3', 'consume', 'orders-eu')).toEqual({ status: 1, out: 'denied\n', err: '' });
  expect(await run('acl', 'check', 'intern', 'produce', 'orders-secret')).toMatchObject({ status: 1 });
  expect(lastLine((await run('acl', 'check', 'nobody', 'admin', '--json')).out)).toMatchObject({
    subject: 'nobody',
    action: 'admin',
    log: '*',
    isAllowed: false,
  });
});

it('explain names the line that decides', async () => {
  const { run } = await policy();
  expect((await run('acl', 'explain', 'till-3', 'produce', 'orders-eu')).out).toMatch(
    /^till-3 may produce orders-eu: line 1 of .*policy\.csv allows it: p, role:till, orders-\*, produce, allow\n$/,
  );
  const denied = await run('acl', 'explain', 'intern', 'produce', 'orders-secret', '--json');
  expect(denied.status).toBe(1);
  expect(lastLine(denied.out)).toMatchObject({ isAllowed: false, line: { number: 2 } });
  expect((await run('acl', 'explain', 'bob', 'admin')).out).toBe(
    'bob may not admin the whole cluster: no line allows it\n',
  );
});

it('init writes a policy that gives root everything, and replaces none', async () => {
  const { run } = await policy();
  expect((await run('acl', 'init', 'new.csv')).status).toBe(0);
  for (const action of ['produce', 'consume', 'admin']) {
    expect((await run('acl', 'check', 'root', action, '--acl-policy', 'new.csv')).status).toBe(0);
    expect((await run('acl', 'check', 'bob', action, '--acl-policy', 'new.csv')).status).toBe(1);
  }
  expect(await run('acl', 'init', 'new.csv')).toMatchObject({
    status: 2,
    err: expect.stringContaining('is there already'),
  });
});

it('what cannot be asked is refused: an action that there is not, no policy, one with a typo', async () => {
  const { dir, run } = await policy();
  expect(await run('acl', 'check', 'a', 'write')).toMatchObject({
    status: 2,
    err: 'commitlog: "write" is no action: expected one of produce, consume, admin\n',
  });
  expect(await typed(['acl', 'check', 'a', 'produce'])).toMatchObject({
    status: 2,
    err: expect.stringContaining('--acl-policy is missing'),
  });
  await appendFile(join(dir, 'policy.csv'), 'p, a, b, c\n');
  expect(await run('acl', 'check', 'a', 'produce')).toMatchObject({
    status: 2,
    err: expect.stringContaining('line 6'),
  });
});
