import { describe, expect, it } from 'vitest';
import { ApiError, anonymous, checkHandshake, type Principal, peerProtocol, type peerV1 } from '../src/index.js';

const self: peerV1.Handshake = {
  protocolMin: peerProtocol.min,
  protocolMax: peerProtocol.max,
  clusterId: 'c1',
  nodeId: 'n1',
  storageId: 's1',
  toNodeId: '',
  toStorageId: '',
};
const theirs: peerV1.Handshake = { ...self, nodeId: 'n2', storageId: 's2' };

const node = (nodeId: string): Principal => ({ kind: 'node', cluster: 'prod', nodeId });

function refusal(other: peerV1.Handshake | undefined, certifiedNodeId = 'n2', mayBeNew = false): string {
  try {
    checkHandshake(other, { self, principal: node(certifiedNodeId), mayBeNew });
    return 'none';
  } catch (error) {
    return error instanceof ApiError ? error.code : `no ApiError: ${error}`;
  }
}

describe('a handshake', () => {
  it('of a node of the same cluster, speaking as itself: the highest common version is spoken', () => {
    const wide = { ...self, protocolMin: 2, protocolMax: 5 };
    const sides = { self: wide, principal: node('n2') };
    expect(checkHandshake({ ...theirs, protocolMin: 1, protocolMax: 3 }, sides)).toBe(3);
    expect(checkHandshake({ ...theirs, protocolMin: 4, protocolMax: 9 }, sides)).toBe(5);
    expect(checkHandshake(theirs, { self, principal: anonymous })).toBe(peerProtocol.max);
  });

  it('of a node whose certificate is another node’s: refused', () => {
    expect(refusal(theirs, 'n3')).toBe('PERMISSION_DENIED');
  });

  it('of a client, whatever it is called: refused', () => {
    for (const subject of ['n2', 'anonymous']) {
      const check = () => checkHandshake(theirs, { self, principal: { kind: 'client', subject } });
      expect(check).toThrow(expect.objectContaining({ code: 'PERMISSION_DENIED' }));
    }
  });

  it('of another cluster: refused, also if it may be new', () => {
    expect(refusal({ ...theirs, clusterId: 'c2' })).toBe('WRONG_CLUSTER');
    expect(refusal({ ...theirs, clusterId: 'c2' }, 'n2', true)).toBe('WRONG_CLUSTER');
  });

  it('of a node without a cluster: only where one may be new', () => {
    expect(refusal({ ...theirs, clusterId: '' })).toBe('WRONG_CLUSTER');
    expect(refusal({ ...theirs, clusterId: '' }, 'n2', true)).toBe('none');
  });

  it('that meant another node, or another disk: refused', () => {
    expect(refusal({ ...theirs, toNodeId: 'n1', toStorageId: 's1' })).toBe('none');
    expect(refusal({ ...theirs, toNodeId: 'n9' })).toBe('WRONG_NODE');
    expect(refusal({ ...theirs, toNodeId: 'n1', toStorageId: 's0' })).toBe('WRONG_NODE');
  });

  it('without a version in common: refused', () => {
    expect(refusal({ ...theirs, protocolMin: 7, protocolMax: 9 })).toBe('PROTOCOL_MISMATCH');
    expect(refusal({ ...theirs, protocolMin: 0, protocolMax: 0 })).toBe('PROTOCOL_MISMATCH');
  });

  it('that is none: refused', () => {
    expect(refusal(undefined)).toBe('INVALID_REQUEST');
    expect(refusal({ ...theirs, nodeId: '' }, '')).toBe('INVALID_REQUEST');
    expect(refusal({ ...theirs, storageId: '' })).toBe('INVALID_REQUEST');
  });
});
