/** Rare states worth reaching. A swarm in which one is never reached proves nothing about it, and fails. */
export const states: readonly string[] = [
  'a claim was refuted',
  'a probe was saved by another member',
  'a probe was saved by a stream',
  'a member was taken for failed and came back',
  'a member came back with a new address',
  'a member came back with nothing saved',
  'every member was down at once',
  'a member left',
  'a member left and came back',
  'tags changed',
  'a member stood still for longer than a probe',
  'a clock jumped forward',
  'two halves had given each other up',
  'a packet without a token was challenged',
  'a replay was refused',
  'more than 100 members',
];
