import { errorTable } from '@commitlog/api';
import { expect, it } from 'vitest';
import { lastLine, typed } from '../command-line.js';

it('explains a code, however it is written', async () => {
  const { status, out } = await typed(['errors', 'offset-out-of-range']);
  expect(status).toBe(0);
  expect(out).toMatch(
    /^OFFSET_OUT_OF_RANGE\n {2}means .*bounds.*\n {2}do .*log info.*\n {2}try again {2}no: .*\n {2}gRPC code {2}OUT_OF_RANGE\n$/,
  );
});

it('knows every code that a server tells, and has advice for each', async () => {
  const { errors } = lastLine((await typed(['errors', '--json'])).out) as {
    errors: { code: string; advice: string }[];
  };
  expect(errors.map(({ code }) => code)).toEqual(Object.keys(errorTable));
  for (const { advice } of errors) expect(advice.length).toBeGreaterThan(10);
  expect((await typed(['errors'])).out.split('\n')).toHaveLength(errors.length + 2);
});

it('a code that there is not: status 2', async () => {
  expect(await typed(['errors', 'EPERM'])).toMatchObject({
    status: 2,
    err: expect.stringContaining('no error code "EPERM"'),
  });
});
