import { expect } from 'vitest';
import { BatchError, type BatchErrorCode, type BatchErrorValues } from '../src/index.js';

/** Expects a BatchError with this code, and these values among its own. */
export function expectRefusal(action: () => unknown, code: BatchErrorCode, values: BatchErrorValues = {}): void {
  let thrown: unknown;
  try {
    action();
  } catch (error) {
    thrown = error;
  }
  expect(thrown).toBeInstanceOf(BatchError);
  expect(thrown).toMatchObject({ code, ...values });
}
