import type { peerV1 } from '@commitlog/api';
import { SeededRandom, SimulatedClock, SimulatedDisk } from '@commitlog/simulation';
import { describe, expect, it } from 'vitest';
import { DataDirectory } from '../../src/identity/data-directory.js';
import { type SettleInit, settleIdentity } from '../../src/identity/settle-identity.js';
import { handshakeOf } from '../../src/peers/handshake.js';

const logger = { debug() {}, info() {}, warn() {}, error() {} };
const fresh: SettleInit = { nodeId: 'n2', clusterName: 'shop', bootstrap: false, join: [], advertised: undefined };
const clusterId = 'ab'.repeat(16);
const peer = handshakeOf({ clusterId, nodeId: 'n1', storageId: '1'.repeat(32) });

async function settled(
  init: Partial<SettleInit>,
  there: Record<string, peerV1.Handshake> = {},
  { disk = new SimulatedDisk(), clock = new SimulatedClock(), abort = new AbortController() } = {},
) {
  const directory = await DataDirectory.open('/data', disk);
  const identify = (target: string) =>
    there[target] === undefined ? Promise.reject(new Error('nobody')) : Promise.resolve(there[target]);
  const random = new SeededRandom('settle');
  const components = { identify, random, clock, logger, signal: abort.signal };
  try {
    return await settleIdentity(directory, { ...fresh, ...init }, components);
  } finally {
    await directory.close();
  }
}

describe('whose a directory is', () => {
  it('given a new one and a bootstrap, then ids are drawn', async () => {
    const identity = await settled({ bootstrap: true, advertised: 'n2:1' });
    expect(identity).toMatchObject({ nodeId: 'n2', clusterName: 'shop', state: 'founding' });
    expect(identity.clusterId).toMatch(/^[0-9a-f]{32}$/);
    expect(identity.storageId).toMatch(/^[0-9a-f]{32}$/);
    expect(identity.storageId).not.toBe(identity.clusterId);
  });

  it('given a node that answers, then a bootstrap is refused, with the way to join', async () => {
    const disk = new SimulatedDisk();
    const refused = { code: 'bootstrap-refused', message: expect.stringContaining('--join a:1') };
    await expect(settled({ bootstrap: true, join: ['a:1'] }, { 'a:1': peer }, { disk })).rejects.toMatchObject(refused);
    await expect(settled({ bootstrap: true, advertised: 'a:1' }, { 'a:1': peer }, { disk })).rejects.toMatchObject(
      refused,
    );
    // Nothing was written: the directory can still join.
    expect((await settled({ join: ['a:1'] }, { 'a:1': peer }, { disk })).clusterId).toBe(clusterId);
  });

  it('given a node to join that comes later, then it is asked until it is there', async () => {
    const clock = new SimulatedClock();
    const there: Record<string, peerV1.Handshake> = {};
    const joining = settled({ join: ['a:1', 'b:1'] }, there, { clock });
    const turns = async () => {
      for (let turn = 0; turn < 200; turn += 1) await Promise.resolve();
      await new Promise((resolve) => setImmediate(resolve));
    };
    await turns();
    there['b:1'] = peer;
    for (let tries = 0; tries < 3; tries += 1) {
      clock.advance(500);
      await turns();
    }
    expect(await joining).toMatchObject({ clusterId, state: 'joining' });
  });

  it('given a node that waits to join, when it is stopped, then it stops', async () => {
    const abort = new AbortController();
    const joining = settled({ join: ['a:1'] }, {}, { abort });
    abort.abort(new Error('stopped'));
    await expect(joining).rejects.toThrow('stopped');
  });

  it('given neither, then it is said what there is to choose', async () => {
    const message = expect.stringMatching(/--bootstrap.*--join/);
    await expect(settled({})).rejects.toMatchObject({ code: 'no-cluster', message });
  });

  it('given a directory that was used before, then it needs neither, and refuses another node and another cluster', async () => {
    const disk = new SimulatedDisk();
    const first = await settled({ join: ['a:1'] }, { 'a:1': peer }, { disk });
    expect(await settled({}, {}, { disk })).toEqual(first);
    expect(await settled({ bootstrap: true, join: ['a:1'] }, { 'a:1': peer }, { disk })).toEqual(first);
    const other = settled({ nodeId: 'n3' }, {}, { disk });
    await expect(other).rejects.toMatchObject({ code: 'not-this-node', message: expect.stringMatching(/"n2".*"n3"/) });
    await expect(settled({ clusterName: 'bank' }, {}, { disk })).rejects.toMatchObject({ code: 'not-this-node' });
  });
});
