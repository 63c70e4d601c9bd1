/**
 * The words on the wire and how they are spoken: services and messages, errors both ways, gRPC servers and channels with limits,
 * permissions, deadlines and observers.
 *
 * ```ts
 * const server = new ApiServer({ address: '127.0.0.1:0' }, { credentials, security, onDefect: console.error });
 * server.serve(logV1.LogDefinition, handlers);
 * await server.start();
 * ```
 *
 * @packageDocumentation
 */
// From the copy of grpc-js that servers and channels use: credentials of another copy are not recognised, and resolvers registered there not found.
export { ChannelCredentials, connectivityState, experimental, Metadata, ServerCredentials } from '@grpc/grpc-js';
export { fileDescriptors } from './descriptors.js';
export { type ApiErrorCode, type ErrorKind, errorTable, isApiErrorCode } from './error-table.js';
export {
  ApiError,
  type ApiErrorValues,
  internalError,
  type LeaderHint,
  notLeader,
  offsetOutOfRange,
} from './errors.js';
export * as adminV1 from './generated/commitlog/admin/v1/admin.js';
export * as membershipV1 from './generated/commitlog/membership/v1/membership.js';
export * as peerV1 from './generated/commitlog/peer/v1/handshake.js';
export * as raftV1 from './generated/commitlog/raft/v1/raft.js';
export * as rpc from './generated/google/rpc/status.js';
export * as logV1 from './generated/log/v1/log.js';
export type { CallContext } from './grpc/call-context.js';
export { ApiChannel, type ChannelComponents, type ChannelInit } from './grpc/channel.js';
export type { CallSettings, Duplex, Method, Responses, ServiceClient } from './grpc/client.js';
export { ClientTls, type ClientTlsInit } from './grpc/client-tls.js';
export type { Defect } from './grpc/failures.js';
export type { Handler, Handlers } from './grpc/handlers.js';
export { type Limits, limitsDefault } from './grpc/limits.js';
export type { CallObserver, CallOutcome, CallStart, ObservedCall } from './grpc/observer.js';
export type { Outgoing } from './grpc/outgoing.js';
export {
  type Authenticator,
  type Authorizer,
  anonymous,
  type Principal,
  type Refusal,
  type Security,
} from './grpc/security.js';
export { ApiServer, type ServerComponents, type ServerInit } from './grpc/server.js';
export { pemFiles, type TlsMaterial, TlsMaterialError } from './grpc/tls-material.js';
export { tracing } from './grpc/tracing.js';
export { type GrpcCodeName, grpcCodeName, grpcCodes } from './grpc-code.js';
export { checkHandshake, type HandshakeSides, peerProtocol } from './handshake.js';
export { requireInteger, requireOffset } from './integers.js';
export { defaultLog, isLogName, requireLogName } from './log-name.js';
export {
  type Codec,
  type MethodDefinition,
  pathOf,
  permissionOf,
  type RequestOf,
  type Requirement,
  type ResponseOf,
  requirementOf,
  type ServiceDefinition,
} from './service.js';
export { fromStatus, toStatus } from './status.js';
