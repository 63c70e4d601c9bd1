import { readdirSync, readFileSync } from 'node:fs';
import { fromBinary } from '@bufbuild/protobuf';
import { BinaryReader } from '@bufbuild/protobuf/wire';
import { FileDescriptorProtoSchema } from '@bufbuild/protobuf/wkt';
import { ServerCredentials } from '@grpc/grpc-js';
import { describe, expect, it } from 'vitest';
import {
  ApiServer,
  adminV1,
  fileDescriptors,
  logV1,
  membershipV1,
  permissionOf,
  raftV1,
  requirementOf,
  type ServiceDefinition,
} from '../src/index.js';
import { permissionField } from '../src/service.js';

const files = fileDescriptors().map((bytes) => fromBinary(FileDescriptorProtoSchema, bytes));
const definitions: readonly ServiceDefinition[] = [
  logV1.LogDefinition,
  adminV1.AdminServiceDefinition,
  raftV1.RaftServiceDefinition,
  membershipV1.MembershipServiceDefinition,
];

/** Every method of every service, by what the descriptors say. */
const declared = files.flatMap((file) =>
  file.service.flatMap((service) =>
    service.method.map((method) => {
      const unknown = method.options?.$unknown ?? [];
      const option = unknown.find(({ no }) => no === permissionField);
      const permission = option === undefined ? undefined : new BinaryReader(option.data).string();
      return { path: `${file.package}.${service.name}/${method.name}`, permission };
    }),
  ),
);

describe('permissions', () => {
  it('every method of every service declares one', () => {
    expect(declared.length).toBeGreaterThan(20);
    expect(declared.filter(({ permission }) => !permission)).toEqual([]);
  });

  it('are few, so that somebody can grant them', () => {
    const permissions = new Set(declared.map(({ permission }) => permission));
    expect(permissions).toEqual(new Set(['admin', 'authenticated', 'consume', 'node', 'produce']));
  });

  it('are what the server enforces: generated code and descriptors say the same', () => {
    const enforced = definitions.flatMap((service) =>
      Object.values(service.methods).map((method) => ({
        path: `${service.fullName}/${method.name}`,
        permission: permissionOf(method),
      })),
    );
    const byPath = (a: { path: string }, b: { path: string }): number => (a.path < b.path ? -1 : 1);
    expect(enforced.sort(byPath)).toEqual([...declared].sort(byPath));
  });

  it('no service is forgotten: every .proto file is among the descriptors', () => {
    const folder = new URL('../proto', import.meta.url);
    const paths = readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter((path) => path.endsWith('.proto'));
    expect(paths.length).toBeGreaterThan(6);
    expect(files.map(({ name }) => name)).toEqual(expect.arrayContaining(paths));
  });

  it('a method without one cannot be served', () => {
    const { produce } = logV1.LogDefinition.methods;
    const bare = { fullName: 'x.Y', methods: { produce: { ...produce, options: {} } } } as const;
    expect(() => requirementOf(bare, bare.methods.produce)).toThrow('/x.Y/Produce declares no permission');
    const server = new ApiServer(
      { address: '127.0.0.1:0' },
      { credentials: ServerCredentials.createInsecure(), security: 'insecure', onDefect: () => {} },
    );
    expect(() => server.serve(bare, { produce: () => ({ offset: 0n }) })).toThrow(/declares no permission/);
  });

  it('are granted per log where requests name one', () => {
    const { transferLeadership, trimLog } = adminV1.AdminServiceDefinition.methods;
    expect(requirementOf(adminV1.AdminServiceDefinition, trimLog)).toMatchObject({ namesLog: true });
    expect(requirementOf(adminV1.AdminServiceDefinition, transferLeadership)).toMatchObject({ namesLog: false });
  });
});

describe('the contract of the older service', () => {
  const log = files.find(({ name }) => name === 'log/v1/log.proto')!;

  /** What their clients were generated from: name, number, type, whether repeated. Types by the numbers of descriptor.proto. */
  const [bytes, uint64, uint32, string, bool, message] = [12, 4, 13, 9, 8, 11];
  const contract: Record<string, ReadonlyArray<readonly [string, number, number, boolean?, string?]>> = {
    Record: [
      ['value', 1, bytes!],
      ['offset', 2, uint64!],
      ['term', 3, uint64!],
      ['type', 4, uint32!],
    ],
    ProduceRequest: [['record', 1, message!, false, '.log.v1.Record']],
    ProduceResponse: [['offset', 1, uint64!]],
    ConsumeRequest: [['offset', 1, uint64!]],
    ConsumeResponse: [['record', 2, message!, false, '.log.v1.Record']],
    GetServersRequest: [],
    GetServersResponse: [['servers', 1, message!, true, '.log.v1.Server']],
    Server: [
      ['id', 1, string!],
      ['rpc_addr', 2, string!],
      ['is_leader', 3, bool!],
    ],
  };

  it.each(Object.keys(contract))('%s has its fields, and further ones only from 10 up', (name) => {
    const descriptor = log.messageType.find((each) => each.name === name)!;
    const old = descriptor.field.filter(({ number }) => number < 10);
    expect(old.map(({ name, number, type, label, typeName }) => [name, number, type, label === 3, typeName])).toEqual(
      contract[name]!.map(([field, number, type, isRepeated = false, typeName = '']) => [
        field,
        number,
        type,
        isRepeated,
        typeName,
      ]),
    );
  });

  it('every message that is ours has fields from 10 up only', () => {
    const ours = log.messageType.filter(({ name }) => !(name in contract));
    expect(ours.length).toBeGreaterThan(4);
    expect(ours.flatMap(({ field }) => field).filter(({ number }) => number < 10)).toEqual([]);
  });

  it.each([
    ['Produce', 'ProduceRequest', 'ProduceResponse', false, false],
    ['Consume', 'ConsumeRequest', 'ConsumeResponse', false, false],
    ['ConsumeStream', 'ConsumeRequest', 'ConsumeResponse', false, true],
    ['ProduceStream', 'ProduceRequest', 'ProduceResponse', true, true],
    ['GetServers', 'GetServersRequest', 'GetServersResponse', false, false],
  ])('log.v1.Log/%s takes %s and gives %s', (name, request, response, clientStreaming, serverStreaming) => {
    expect(log.package).toBe('log.v1');
    const method = log.service.find((service) => service.name === 'Log')!.method.find((each) => each.name === name);
    expect(method).toMatchObject({
      inputType: `.log.v1.${request}`,
      outputType: `.log.v1.${response}`,
      clientStreaming,
      serverStreaming,
    });
  });

  it('the bytes of a request are those that their clients send', () => {
    const record = { value: Buffer.from('hi'), offset: 0n, term: 0n, type: 0 };
    const request = logV1.ProduceRequest.encode({ record, log: '' }).finish();
    expect(Buffer.from(request).toString('hex')).toBe('0a040a026869');
    const consume = logV1.ConsumeRequest.encode({ offset: 300n, log: '' }).finish();
    expect(Buffer.from(consume).toString('hex')).toBe('08ac02');
    const answer = logV1.ConsumeResponse.decode(Buffer.from('12080a0268691007' + '1802', 'hex'));
    expect(answer.record).toMatchObject({ value: Buffer.from('hi'), offset: 7n, term: 2n });
  });
});

it('raft: there is a message for every kind that the raft package has', () => {
  const source = readFileSync(new URL('../../raft/src/core/message.ts', import.meta.url), 'utf8');
  const kinds = [...source.matchAll(/readonly kind: '([a-z-]+)'/g)].map(([, kind]) => kind!.replaceAll('-', '_'));
  expect(kinds.length).toBeGreaterThan(15);
  const raft = files.find(({ name }) => name === 'commitlog/raft/v1/raft.proto')!;
  const body = raft.messageType.find(({ name }) => name === 'Message')!;
  const fields = body.field.filter((field) => field.number >= 10).map(({ name }) => name);
  expect(fields.sort()).toEqual(kinds.sort());
});
