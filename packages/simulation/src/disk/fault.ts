/**
 * What a power cut does to changes that no sync has made durable. What was synced survives every one of them.
 *
 * - `kept`: everything was written back; all changes are there.
 * - `lost`: nothing was written back; neither a change of bytes nor one of names is there.
 * - `bytes-lost`: all names are there, no change of bytes is: a file that is new is empty.
 * - `names-lost`: all bytes are there, any subset of the changes of names is not; a later one may be there without an
 *   earlier one.
 * - `torn`: in one file the changes reach up to some byte of one write, and nothing later is there; other files and all
 *   names have everything.
 * - `pages`: writes are cut at page boundaries, and any subset of the pieces of all files is there, resizes among them;
 *   all names are. A file ends with its last piece, and reads as before, or as zeros, where one is missing.
 * - `zeros`: one file that has grown has its new length, but data only up to some page; behind, it reads as before, or as
 *   zeros. Other files and all names have everything.
 * - `mixed`: of every file any subset of pieces, one of them torn, with or without the length; of the names any subset.
 */
export type Fault = (typeof faults)[number];

/** All of them, the simplest first. */
export const faults = ['kept', 'lost', 'bytes-lost', 'names-lost', 'torn', 'pages', 'zeros', 'mixed'] as const;
