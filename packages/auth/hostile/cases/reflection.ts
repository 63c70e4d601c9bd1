import { strict as assert } from 'node:assert';
import type { Case } from '../case.js';
import { always } from '../case.js';
import { framed, RawConnection } from '../raw.js';

/** A field of protobuf with a string, as grpcurl's requests have them: by hand, since the protocol is not ours. */
function field(number: number, text: string): Buffer {
  const bytes = Buffer.from(text);
  return Buffer.concat([Buffer.from([(number << 3) | 2, bytes.length]), bytes]);
}

/** Field numbers of ServerReflectionRequest (grpc/reflection/v1/reflection.proto). */
const ask = { fileByName: 3, fileContaining: 4, services: 7 } as const;

const versions = ['v1', 'v1alpha'] as const;
const methodOf = (version: string): string => `/grpc.reflection.${version}.ServerReflection/ServerReflectionInfo`;

async function reflect(raw: RawConnection, version: string, number: number, text: string): Promise<string> {
  const { status, message, body } = await raw.call(methodOf(version), framed(field(number, text)));
  assert.equal(status, 0, message);
  return body.toString('latin1');
}

/** What grpcurl does: list the services, then ask for the files that describe one, by either version of the protocol. */
export const reflectionCases: readonly Case[] = [
  ...versions.map((version) =>
    always(`reflection ${version}, as grpcurl uses it: services, and the files that describe them`, async (ground) => {
      const raw = new RawConnection(ground);
      const services = await reflect(raw, version, ask.services, '*');
      for (const service of ['log.v1.Log', 'commitlog.raft.v1.RaftService', 'grpc.health.v1.Health']) {
        assert.ok(services.includes(service), `${service} is not listed`);
      }
      const file = await reflect(raw, version, ask.fileContaining, 'log.v1.Log');
      for (const name of ['ProduceStream', 'ConsumeRequest', 'commitlog/options/v1/permission.proto']) {
        assert.ok(file.includes(name), `the file lacks ${name}`);
      }
      for (const dependency of ['google/protobuf/descriptor.proto', 'google/rpc/status.proto']) {
        assert.ok((await reflect(raw, version, ask.fileByName, dependency)).includes('google'));
      }
      assert.match(await reflect(raw, version, ask.fileContaining, 'no.such.Service'), /not found/i);
      raw.close();
    }),
  ),
  always('reflection and health need an identity, and nothing more', async (ground) => {
    const stranger = new RawConnection(ground, await ground.issue('mallory'));
    assert.ok((await reflect(stranger, 'v1', ask.services, '*')).includes('log.v1.Log'));
    assert.equal((await stranger.call('/grpc.health.v1.Health/Check', framed(Buffer.alloc(0)))).status, 0);
    stranger.close();
    const nobody = new RawConnection(ground, await ground.forge({ commonNames: ['a', 'b'] }));
    for (const path of [methodOf('v1'), '/grpc.health.v1.Health/Check']) {
      assert.equal((await nobody.call(path, framed(field(ask.services, '*')))).status, 16);
    }
    nobody.close();
  }),
  always('reflection that is asked with garbage: an error, and it goes on', async (ground) => {
    const raw = new RawConnection(ground);
    const { status } = await raw.call(methodOf('v1'), framed(Buffer.alloc(100, 0xff)));
    assert.notEqual(status, 0);
    assert.ok((await reflect(raw, 'v1', ask.services, '*')).includes('log.v1.Log'));
    raw.close();
  }),
];
