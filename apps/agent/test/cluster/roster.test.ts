import { expect, it } from 'vitest';
import { rpcAddressOf } from '../../src/cluster/roster.js';

function addressOf(rpc: string | number, host = '10.0.0.1'): string {
  return rpcAddressOf({ tags: { rpc }, address: { host, port: 7654 } } as never);
}

it('given what a node says by gossip of where it is, then it is dialled there', () => {
  expect(addressOf('node-1.example:7000')).toBe('node-1.example:7000');
  expect(addressOf('[2001:db8::1]:7000')).toBe('[2001:db8::1]:7000');
});

// Gossip is a hint of whoever speaks: a line break made gRPC throw, which ended the processes of all the others.
it.each(['', '\n', 7, 'unix:/run/other.sock', 'xds:///other', '10.0.0.2:99999', 'a b:1'])(
  'given that it says %j, which is no host and port, then it is dialled where gossip finds it',
  (rpc) => {
    expect(addressOf(rpc)).toBe('10.0.0.1:7654');
    expect(addressOf(rpc, '2001:db8::1')).toBe('[2001:db8::1]:7654');
  },
);
