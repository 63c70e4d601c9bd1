import { writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { timelinePage } from '@commitlog/timeline';

const [n1, n2] = ['n1@disk', 'n2@disk'];
let atMs = 0;
// A line of a trace. A member of @commitlog/raft writes such lines by itself: give it a `trace`.
const line = (node: string, event: string, cause: string, fields: object): string =>
  JSON.stringify({ v: 1, atMs: atMs++, node, term: 2, index: 1, commit: 1, event, cause, ...fields });

const events = [
  line(n1, 'role', 'heard no leader', { role: 'candidate' }),
  line(n1, 'send', 'request-vote', { message: 1, to: n2, messageTerm: 2 }),
  line(n2, 'receive', 'request-vote', { message: 1, from: n1, messageTerm: 2 }),
  line(n2, 'vote', 'asked for a vote', { candidate: n1, isGranted: true }),
  line(n2, 'send', 'vote-granted', { message: 1, to: n1, messageTerm: 2 }),
  line(n1, 'receive', 'vote-granted', { message: 1, from: n2, messageTerm: 2 }),
  line(n1, 'role', 'won the election', { role: 'leader' }),
];
const file = join(tmpdir(), 'election.html');
writeFileSync(file, timelinePage({ title: 'An election', events }));
console.log(`${events.length} events: open election.html in the folder for temporary files`);
