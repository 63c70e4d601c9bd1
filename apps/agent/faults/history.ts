import { z } from 'zod';

/*
 * What clients and nodes of a cluster have seen, one event a line (NDJSON). Values are unique: a client never appends the same one twice by
 * itself. Times are those of one machine's monotonic clock, in ms.
 */

const text = z.string().min(1);
const offset = z.number().int().nonnegative();
const time = z.number();

/** One append, from the call until it settled. */
const append = z.discriminatedUnion('outcome', [
  z.object({
    kind: z.literal('append'),
    client: text,
    value: text,
    startMs: time,
    endMs: time,
    outcome: z.literal('acknowledged'),
    offset,
  }),
  z.object({
    kind: z.literal('append'),
    client: text,
    value: text,
    startMs: time,
    endMs: time,
    outcome: z.enum(['unknown', 'not-applied']),
  }),
]);

/** One record that a consumer was given, in the order in which it was. A reader goes on where it was, whatever becomes of its server. */
const read = z.object({ kind: z.literal('read'), reader: text, offset, value: text });

/** One record of a node's log when all was over. Of every node, from its log's start to its end, in order. */
const stored = z.object({ kind: z.literal('stored'), node: text, offset, value: text });

/** A checksum over the bytes of all batches of a node's log when all was over. */
const digest = z.object({ kind: z.literal('digest'), node: text, sha256: text });

const event = z.union([append, read, stored, digest]);

export type Append = z.infer<typeof append>;
export type Read = z.infer<typeof read>;
export type Stored = z.infer<typeof stored>;
export type Digest = z.infer<typeof digest>;
export type HistoryEvent = z.infer<typeof event>;

/** @throws Error that names the line, for one that is no event */
export function parseEvent(line: string, number: number): HistoryEvent {
  let value: unknown;
  try {
    value = JSON.parse(line);
  } catch (cause) {
    throw new Error(`line ${number}: expected JSON, got ${line.slice(0, 80)}`, { cause });
  }
  const parsed = event.safeParse(value);
  if (parsed.success) return parsed.data;
  const kinds = 'an event of kind append, read, stored or digest, with all of its fields';
  throw new Error(`line ${number}: expected ${kinds}, got ${line.slice(0, 200)}`);
}
