import { channel } from 'node:diagnostics_channel';
import { type Span, SpanKind, SpanStatusCode, trace } from '@opentelemetry/api';
import type { LaneObserver } from '../append/lane.js';
import type { PendingBatch } from '../append/pending.js';
import type { Directory } from '../cluster/directory.js';
import type { ReadObserver } from '../read/stream.js';

/** Published when it is known what became of a batch of appends: `{ log, records, bytes, attempts, durationMs, error? }`. */
const appendChannel = channel('commitlog:client:append');
/** Published when appends are tried again: `{ log, error, delayMs }`. */
const retryChannel = channel('commitlog:client:retry');
/** Published when a reading goes on elsewhere: `{ error, nextOffset, delayMs }`. */
const resumeChannel = channel('commitlog:client:resume');
/** Published when the servers, or who leads, have changed: `{ term, servers }`. */
const clusterChannel = channel('commitlog:client:cluster');

const tracer = trace.getTracer('@commitlog/client');

interface UnderWay {
  readonly span: Span;
  readonly beganMs: number;
  attempts: number;
}

/** Hooks and a span for each batch; next to nothing where nobody listens. */
export function observeAppends(log: string): LaneObserver {
  const underWay = new WeakMap<PendingBatch, UnderWay>();
  return {
    sent(batch) {
      const known = underWay.get(batch);
      if (known !== undefined) {
        known.attempts += 1;
        known.span.addEvent('sent again');
        return;
      }
      const attributes = {
        'messaging.system': 'commitlog',
        'messaging.operation.name': 'append',
        'messaging.destination.name': log,
        'messaging.batch.message_count': batch.count,
      };
      const span = tracer.startSpan(`append ${log}`, { kind: SpanKind.PRODUCER, attributes });
      underWay.set(batch, { span, beganMs: performance.now(), attempts: 1 });
    },
    settled(batch, error) {
      const known = underWay.get(batch);
      if (known !== undefined) {
        if (error !== undefined) known.span.setStatus({ code: SpanStatusCode.ERROR, message: error.message });
        known.span.end();
      }
      if (!appendChannel.hasSubscribers) return;
      const durationMs = known === undefined ? 0 : performance.now() - known.beganMs;
      const [records, bytes, attempts] = [batch.entries.length, batch.byteLength, known?.attempts ?? 0];
      appendChannel.publish({ log, records, bytes, attempts, durationMs, error });
    },
    retrying(error, delayMs) {
      if (retryChannel.hasSubscribers) retryChannel.publish({ log, error, delayMs });
    },
  };
}

/** A hook for each time that a reading goes on elsewhere. */
export const observeReads: ReadObserver = {
  resuming(error, nextOffset, delayMs) {
    if (resumeChannel.hasSubscribers) resumeChannel.publish({ error, nextOffset, delayMs });
  },
};

/** A hook for news of the cluster. */
export function observeCluster({ term, servers }: Directory): void {
  if (clusterChannel.hasSubscribers) clusterChannel.publish({ term, servers });
}
