import { batchBytesMaxDefault } from '@commitlog/record';
import type { ChannelOptions } from '@grpc/grpc-js';

/** What one end of a connection takes from the other, and sets aside for it. */
export interface Limits {
  /** The longest message, in bytes, decompressed: above the longest batch. Longer ones are refused with `MESSAGE_TOO_LARGE`. */
  readonly messageBytesMax: number;
  /** How much a stream may have on its way to us, in bytes: 65,535 to 2^31−1. */
  readonly streamWindowBytes: number;
  /** How much all streams of a connection may have on their way to us together, in bytes: 65,535 to 2^31−1. */
  readonly connectionWindowBytes: number;
  /** How many calls a connection may have open. More wait at the client. */
  readonly streamsMax: number;
  /** How long the headers of a call may be, names and values, in bytes. */
  readonly headerBytesMax: number;
  /** How many headers a call may have. */
  readonly headersMax: number;
  /** What a connection may make Node set aside before it refuses new calls, in megabytes. */
  readonly sessionMemoryMb: number;
  /** How many calls of clients a server works on, over all connections; those of nodes have no part in it. More are refused with `OVERLOADED`. */
  readonly callsMax: number;
  /** How many connections of clients a server takes. More are closed at once. */
  readonly connectionsMax: number;
  /** How many connections of nodes a server takes besides. While TLS is at work, both share the room of both. */
  readonly nodeConnectionsMax: number;
  /** How long a connection may take to begin to speak HTTP/2, in milliseconds. */
  readonly prefaceMs: number;
  /** How long a call may take to send its first message, in milliseconds; methods for nodes alone are not bound by it. */
  readonly firstMessageMs: number;
}

const mebibyte = 1_048_576;
const bytesMax = 2 ** 31 - 1;

/** The longest that a timer of Node runs, in milliseconds: 24.8 days. */
export const timerMsMax: number = 2 ** 31 - 1;

const ranges: { readonly [K in keyof Limits]: readonly [min: number, max: number] } = {
  messageBytesMax: [1, bytesMax],
  streamWindowBytes: [65_535, bytesMax],
  connectionWindowBytes: [65_535, bytesMax],
  streamsMax: [1, 2 ** 32 - 1],
  headerBytesMax: [1, 2 ** 32 - 1],
  headersMax: [4, bytesMax],
  sessionMemoryMb: [1, bytesMax],
  callsMax: [1, bytesMax],
  connectionsMax: [1, 2 ** 30],
  nodeConnectionsMax: [1, 2 ** 30],
  prefaceMs: [1, timerMsMax],
  firstMessageMs: [1, timerMsMax],
};

/**
 * The limits with their defaults.
 *
 * @throws RangeError for one that is outside of its range, or no integer
 */
export function limitsOf(init: Partial<Limits> = {}): Limits {
  const limits = { ...limitsDefault, ...init };
  for (const [name, [min, max]] of Object.entries(ranges)) requireWithin(name, limits[name as keyof Limits], min, max);
  return limits;
}

/** The deadline of calls that have none, in milliseconds: 1 to 2^31−1. Throws a RangeError. */
export function defaultDeadline(deadlineMs = 10_000): number {
  requireWithin('deadlineMs', deadlineMs, 1, timerMsMax);
  return deadlineMs;
}

function requireWithin(name: string, value: number, min: number, max: number): void {
  if (Number.isInteger(value) && value >= min && value <= max) return;
  throw new RangeError(`${name} must be an integer from ${min} to ${max}, and is ${value}`);
}

export const limitsDefault: Limits = {
  messageBytesMax: 2 * batchBytesMaxDefault,
  streamWindowBytes: 4 * mebibyte,
  connectionWindowBytes: 8 * mebibyte,
  streamsMax: 128,
  headerBytesMax: 16_384,
  headersMax: 128,
  sessionMemoryMb: 64,
  callsMax: 8192,
  connectionsMax: 4096,
  nodeConnectionsMax: 1024,
  prefaceMs: 5000,
  firstMessageMs: 10_000,
};

/** Whoever is silent for so long is asked for a sign of life, and has so long to give one. In milliseconds. */
const keepalive = { client: { time: 10_000, timeout: 5000 }, server: { time: 30_000, timeout: 10_000 } };

/** What grpc-js is told about a server. The rest it has no option for: see http2-server.ts. */
export function serverOptions(limits: Limits): ChannelOptions {
  return {
    'grpc.max_receive_message_length': limits.messageBytesMax,
    'grpc.max_send_message_length': limits.messageBytesMax,
    'grpc.max_concurrent_streams': limits.streamsMax,
    'grpc-node.max_session_memory': limits.sessionMemoryMb,
    'grpc.keepalive_time_ms': keepalive.server.time,
    'grpc.keepalive_timeout_ms': keepalive.server.timeout,
    // It keeps a record of every connection and call for a service that is not served here.
    'grpc.enable_channelz': 0,
  };
}

/** What grpc-js is told about a channel. Its one window is both the stream's and the connection's. */
export function channelOptions(limits: Limits): ChannelOptions {
  return {
    'grpc.max_receive_message_length': limits.messageBytesMax,
    'grpc.max_send_message_length': limits.messageBytesMax,
    'grpc-node.flow_control_window': limits.streamWindowBytes,
    'grpc-node.max_session_memory': limits.sessionMemoryMb,
    'grpc.keepalive_time_ms': keepalive.client.time,
    'grpc.keepalive_timeout_ms': keepalive.client.timeout,
    // A server that was restarted is found again within the deadline of a call (grpc-node 2785).
    'grpc.initial_reconnect_backoff_ms': 100,
    'grpc.max_reconnect_backoff_ms': 2000,
    // Two channels are two connections: data never delays a heartbeat.
    'grpc.use_local_subchannel_pool': 1,
    // What is tried again, and when, is for the caller to decide: a retry must not append twice.
    'grpc.enable_retries': 0,
    'grpc.service_config_disable_resolution': 1,
    'grpc.enable_channelz': 0,
  };
}
