import { strict as assert } from 'node:assert';
import type { ApiError, ApiErrorCode } from '@commitlog/api';
import type { AuditRecord } from '../src/index.js';
import type { Ground } from './ground.js';

/** The error that a call ends with: it must end with this one. */
export async function requireError(call: Promise<unknown>, code: ApiErrorCode): Promise<ApiError> {
  const [{ status, ...outcome }] = await Promise.allSettled([call]);
  assert.equal(status, 'rejected', `the call was answered, and ${code} was expected`);
  const { reason } = outcome as { reason: ApiError };
  assert.equal(reason.code, code, reason.message);
  requireDiscreet(reason.message);
  return reason;
}

/** What a client reads names no path of the server, and no line of its code. */
export function requireDiscreet(text: string): void {
  assert.doesNotMatch(text, /\.(ts|js|crt|key|csv)\b|\/tmp\/|\/secret|node_modules|\n\s+at /);
}

/** Everything that is streamed. */
export async function drain(responses: AsyncIterable<unknown>): Promise<unknown[]> {
  const all: unknown[] = [];
  for await (const response of responses) all.push(response);
  return all;
}

/** Whatever this does is refused: nothing of it is stored, and no peer is believed. */
export async function withNothingStored(ground: Ground, attempt: () => Promise<unknown>): Promise<void> {
  const before = await ground.report();
  await attempt();
  assert.deepEqual((await ground.report()).stored, before.stored, 'something was stored');
}

/** The audit has such an event. */
export async function requireAudited(ground: Ground, isIt: (record: AuditRecord) => boolean): Promise<void> {
  const { audit } = await ground.report();
  assert.ok(audit.some(isIt), `nothing of it is in the audit: ${JSON.stringify(audit.slice(-3))}`);
}
