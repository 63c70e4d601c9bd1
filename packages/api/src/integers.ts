import { ApiError } from './errors.js';

/**
 * A 64-bit number of a public request, where it comes in: from here on numbers are exact.
 *
 * @param offset as it was decoded. An unsigned field that held a negative number is far above 2^53.
 * @throws ApiError `INVALID_OFFSET` below 0 and above 2^53−1: it would have to be rounded
 */
export function requireOffset(offset: bigint): number {
  if (offset >= 0n && offset <= BigInt(Number.MAX_SAFE_INTEGER)) return Number(offset);
  throw new ApiError('INVALID_OFFSET', `an offset must be from 0 to ${Number.MAX_SAFE_INTEGER}, got ${offset}`, {
    metadata: { offset },
  });
}

/**
 * Any other 64-bit number of a public request.
 *
 * @throws ApiError `INVALID_REQUEST` outside of `min` to `max`, which are safe integers
 */
export function requireInteger(field: string, value: bigint, min = 0, max: number = Number.MAX_SAFE_INTEGER): number {
  if (value >= BigInt(min) && value <= BigInt(max)) return Number(value);
  throw new ApiError('INVALID_REQUEST', `${field} must be an integer from ${min} to ${max}, got ${value}`, {
    metadata: { field },
  });
}
