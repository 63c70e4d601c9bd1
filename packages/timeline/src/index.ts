/**
 * A trace of a Raft group made visible: one HTML page, from a file or live.
 *
 * @packageDocumentation
 */
export { type LivePageInit, livePage, type TimelinePageInit, timelinePage } from './page/page.js';
export type { TraceEvent } from './trace/event.js';
export { TraceError } from './trace/parse.js';
