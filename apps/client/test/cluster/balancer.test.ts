import { connectivityState, experimental, Metadata } from '@commitlog/api';
import { expect, test } from 'vitest';
import { type CallRole, ClusterPicker, roleKey } from '../../src/cluster/balancer.js';

const { READY, CONNECTING, TRANSIENT_FAILURE } = connectivityState;
const { COMPLETE, QUEUE, TRANSIENT_FAILURE: FAILED } = experimental.PickResultType;
const complete = {
  pickResultType: COMPLETE,
  subchannel: null,
  status: null,
  onCallStarted: null,
  onCallEnded: null,
} as const;

/** Picks several times, and says who was picked, or what came instead. */
function picked(
  states: Record<string, connectivityState>,
  role: CallRole | readonly CallRole[],
  times = 1,
  leader: string | undefined = 'a',
) {
  const found: (string | experimental.PickResultType)[] = [];
  let last = '';
  const children = Object.entries(states).map(([address, state]) => {
    const pick = () => {
      last = address;
      return complete;
    };
    return [address, { getConnectivityState: () => state, getPicker: () => ({ pick }) }] as const;
  });
  const picker = new ClusterPicker(new Map(children), { leader, servers: ['a', 'b', 'c'] }, new Map(), 'refused');
  for (let at = 0; at < times; at += 1) {
    const roles = [role].flat();
    const extraPickInfo = { [roleKey]: roles[at % roles.length]! };
    const { pickResultType } = picker.pick({ metadata: new Metadata(), extraPickInfo });
    found.push(pickResultType === COMPLETE ? last : pickResultType);
  }
  return found;
}

const all = { a: READY, b: READY, c: READY };

test('appends go to the leader, reads to each follower in turn, anything else to each server in turn', () => {
  expect(picked(all, 'leader', 2)).toEqual(['a', 'a']);
  expect(picked(all, 'reader', 4)).toEqual(['b', 'c', 'b', 'c']);
  expect(picked(all, 'any', 4)).toEqual(['a', 'b', 'c', 'a']);
});

test('a reading that looks for the servers anew between its tries gets to another follower all the same', () => {
  const [first, , second] = picked(all, ['reader', 'any'], 3);
  expect([first, second]).toEqual(['b', 'c']);
});

test('reads go to the leader where no follower is reached, and to a seed where no server is known', () => {
  expect(picked({ a: READY, b: TRANSIENT_FAILURE, c: CONNECTING }, 'reader')).toEqual(['a']);
  expect(picked({ a: CONNECTING, seed: READY }, 'reader')).toEqual(['seed']);
});

test('a call waits for a connection that is being made, and fails where there is none to be had', () => {
  expect(picked({ a: CONNECTING, b: READY }, 'leader')).toEqual([QUEUE]);
  expect(picked({ a: TRANSIENT_FAILURE, b: READY }, 'leader')).toEqual([FAILED]);
  expect(picked(all, 'leader', 1, 'gone')).toEqual([FAILED]);
  expect(picked({ a: CONNECTING, b: TRANSIENT_FAILURE }, 'any')).toEqual([QUEUE]);
  expect(picked({ a: TRANSIENT_FAILURE, b: TRANSIENT_FAILURE }, 'reader')).toEqual([FAILED]);
});
