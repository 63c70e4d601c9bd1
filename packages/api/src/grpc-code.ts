/** The codes that a call can end with, as every gRPC library knows them (grpc/grpc, doc/statuscodes.md). */
export const grpcCodes = {
  OK: 0,
  CANCELLED: 1,
  UNKNOWN: 2,
  INVALID_ARGUMENT: 3,
  DEADLINE_EXCEEDED: 4,
  NOT_FOUND: 5,
  ALREADY_EXISTS: 6,
  PERMISSION_DENIED: 7,
  RESOURCE_EXHAUSTED: 8,
  FAILED_PRECONDITION: 9,
  ABORTED: 10,
  OUT_OF_RANGE: 11,
  UNIMPLEMENTED: 12,
  INTERNAL: 13,
  UNAVAILABLE: 14,
  DATA_LOSS: 15,
  UNAUTHENTICATED: 16,
} as const;

export type GrpcCodeName = keyof typeof grpcCodes;

const names = new Map<number, GrpcCodeName>(
  Object.entries(grpcCodes).map(([name, code]) => [code, name as GrpcCodeName]),
);

/** The name of a code; a number that is none is `UNKNOWN`, as the specification asks for. */
export function grpcCodeName(code: number): GrpcCodeName {
  return names.get(code) ?? 'UNKNOWN';
}
