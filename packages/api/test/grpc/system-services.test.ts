import { create, createFileRegistry, fromBinary, toBinary } from '@bufbuild/protobuf';
import { BinaryReader, BinaryWriter } from '@bufbuild/protobuf/wire';
import { type FileDescriptorProto, FileDescriptorProtoSchema, FileDescriptorSetSchema } from '@bufbuild/protobuf/wkt';
import { describe, expect, it } from 'vitest';
import { ApiServer, type CallObserver, type Codec, ServerCredentials } from '../../src/index.js';
import {
  closeAfterTest,
  eventually,
  failureOf,
  logClient,
  memoryLog,
  openChannel,
  produceRequest,
  serve,
} from '../rig.js';
import { framed, rawCall, rawSession } from './raw.js';

/** What is asked and answered, as the protocol's numbers have it. */
type Field = readonly [number: number, value: string];
interface Reflected {
  readonly files: FileDescriptorProto[];
  readonly services: string[];
  readonly error: number | undefined;
}

const questions = { fileByFilename: 3, fileContainingSymbol: 4, listServices: 7 };

const questionCodec: Codec<Field> = {
  encode: ([number, value]) => new BinaryWriter().tag(number, 2).string(value),
  decode: () => [0, ''],
  fromPartial: () => [0, ''],
};

/** The length-delimited fields of a message by their numbers, and the varints. */
function fieldsOf(bytes: Uint8Array): Array<readonly [number, Uint8Array | number]> {
  const reader = new BinaryReader(bytes);
  const fields: Array<readonly [number, Uint8Array | number]> = [];
  while (reader.pos < reader.len) {
    const [number, type] = reader.tag();
    fields.push([number, type === 2 ? reader.bytes() : reader.int32()]);
  }
  return fields;
}

const answerCodec: Codec<Reflected> = {
  encode: () => new BinaryWriter(),
  fromPartial: () => ({ files: [], services: [], error: undefined }),
  decode(reader) {
    const answer = {
      files: [] as FileDescriptorProto[],
      services: [] as string[],
      error: undefined as number | undefined,
    };
    while (reader.pos < reader.len) {
      const [number, type] = reader.tag();
      if (number === 4) {
        const files = fieldsOf(reader.bytes()).map(([, bytes]) => bytes as Uint8Array);
        answer.files.push(...files.map((file) => fromBinary(FileDescriptorProtoSchema, file)));
      } else if (number === 6) {
        for (const [, service] of fieldsOf(reader.bytes())) {
          answer.services.push(`${Buffer.from(fieldsOf(service as Uint8Array)[0]![1] as Uint8Array)}`);
        }
      } else if (number === 7) answer.error = fieldsOf(reader.bytes())[0]![1] as number;
      else reader.skip(type);
    }
    return answer;
  },
};

const reflectionService = (version: string) => ({
  fullName: `grpc.reflection.${version}.ServerReflection`,
  methods: {
    info: {
      name: 'ServerReflectionInfo',
      requestType: questionCodec,
      requestStream: true,
      responseType: answerCodec,
      responseStream: true,
      options: {},
    },
  } as const,
});

describe.each(['v1', 'v1alpha'])('reflection %s', (version) => {
  async function asker(target: string) {
    const stream = openChannel(target).client(reflectionService(version)).info();
    const answers = stream[Symbol.asyncIterator]();
    return async (question: keyof typeof questions, value: string): Promise<Reflected> => {
      await stream.write([questions[question], value]);
      return (await answers.next()).value as Reflected;
    };
  }

  it('as grpcurl does it: lists the services, gets the files of one and what they import, and calls it', async () => {
    const { target } = await serve(memoryLog([Buffer.from('tea')]));
    const ask = await asker(target);
    const { services } = await ask('listServices', '*');
    expect(services).toEqual(
      expect.arrayContaining(['log.v1.Log', 'grpc.health.v1.Health', 'commitlog.admin.v1.AdminService']),
    );
    const files = new Map<string, FileDescriptorProto>();
    const missing = (await ask('fileContainingSymbol', 'log.v1.Log')).files;
    while (missing.length > 0) {
      const file = missing.pop()!;
      if (files.has(file.name)) continue;
      files.set(file.name, file);
      for (const name of file.dependency) missing.push(...(await ask('fileByFilename', name)).files);
    }
    const registry = createFileRegistry(create(FileDescriptorSetSchema, { file: inOrder(files) }));
    const service = registry.getService('log.v1.Log')!;
    expect(service.methods.map(({ name }) => name)).toContain('Produce');
    const { consume } = service.method;
    const request = create(consume!.input, { offset: 0n } as Record<string, unknown>);
    const path = `/${service.typeName}/${consume!.name}`;
    const answer = await rawCall(rawSession(target), path, framed(toBinary(consume!.input, request)));
    expect(answer.status).toBe(0);
  });

  it('what is not there is told by a code, and the stream goes on', async () => {
    const { target } = await serve();
    const ask = await asker(target);
    expect((await ask('fileContainingSymbol', 'no.such.Symbol')).error).toBe(5);
    expect((await ask('fileByFilename', '../../etc/passwd')).error).toBe(5);
    expect((await ask('fileContainingSymbol', 'grpc.health.v1.Health')).files).not.toEqual([]);
  });

  it('who asks and does not read the answers is not listened to any more, once the windows are full', async () => {
    let heard = 0;
    const count: CallObserver = () => ({
      ended({ messagesReceived }) {
        heard = messagesReceived;
      },
    });
    const { target, server } = await serve({}, {}, { observers: [count] });
    const request = rawSession(target).request({
      ':method': 'POST',
      ':path': `/grpc.reflection.${version}.ServerReflection/ServerReflectionInfo`,
      'content-type': 'application/grpc',
    });
    request.on('error', () => {});
    const question = questionCodec.encode([questions.fileContainingSymbol, 'commitlog.admin.v1.AdminService']).finish();
    const batch = Buffer.concat(Array.from({ length: 50 }, () => framed(question)));
    for (let asked = 0; asked < 5000; asked += 50) {
      request.write(batch);
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
    request.close();
    await eventually(() => server.openCalls === 0, 'the stream is closed');
    expect(heard, 'questions of 5,000').toBeLessThan(2500);
  });
});

/** Files after what they import. */
function inOrder(files: ReadonlyMap<string, FileDescriptorProto>): FileDescriptorProto[] {
  const ordered: FileDescriptorProto[] = [];
  const visit = (file: FileDescriptorProto): void => {
    if (ordered.includes(file)) return;
    for (const name of file.dependency) visit(files.get(name)!);
    ordered.push(file);
  };
  for (const file of files.values()) visit(file);
  return ordered;
}

describe('health', () => {
  const serving = { NOT_KNOWN: 0, SERVING: 1, NOT_SERVING: 2, SERVICE_UNKNOWN: 3 };
  const nameCodec: Codec<string> = {
    encode: (name) => new BinaryWriter().tag(1, 2).string(name),
    decode: () => '',
    fromPartial: () => '',
  };
  const statusCodec: Codec<number> = {
    encode: () => new BinaryWriter(),
    decode(reader) {
      let status = 0;
      while (reader.pos < reader.len) {
        reader.tag();
        status = reader.int32();
      }
      return status;
    },
    fromPartial: () => 0,
  };
  const method = { requestType: nameCodec, requestStream: false, responseType: statusCodec, options: {} } as const;
  const definition = {
    fullName: 'grpc.health.v1.Health',
    methods: {
      check: { ...method, name: 'Check', responseStream: false },
      watch: { ...method, name: 'Watch', responseStream: true },
    },
  } as const;

  it('tells of the server as a whole and of each service, and changes when it is told to', async () => {
    const { target, server } = await serve();
    const health = openChannel(target).client(definition);
    for (const name of ['', 'log.v1.Log']) expect(await health.check(name)).toBe(serving.SERVING);
    server.setServing(false);
    for (const name of ['', 'log.v1.Log']) expect(await health.check(name)).toBe(serving.NOT_SERVING);
    expect(await failureOf(health.check('no.such.Service'))).toMatchObject({ code: 'NOT_FOUND' });
  });

  it('says what it was told before the start', async () => {
    const insecure = {
      credentials: ServerCredentials.createInsecure(),
      security: 'insecure',
      onDefect: () => {},
    } as const;
    const server = new ApiServer({ address: '127.0.0.1:0' }, insecure);
    server.setServing(false);
    await server.start();
    closeAfterTest(() => server.stop(0));
    expect(await openChannel(`127.0.0.1:${server.port}`).client(definition).check('')).toBe(serving.NOT_SERVING);
  });

  it('is watched, until the server stops', async () => {
    const { target, server } = await serve();
    const seen: number[] = [];
    const watch = openChannel(target).client(definition).watch('log.v1.Log');
    const ended = failureOf(
      (async () => {
        for await (const status of watch) seen.push(status);
      })(),
    );
    await eventually(() => seen.length === 1, 'the first status');
    server.setServing(false);
    await eventually(() => seen.length === 2, 'the change');
    await server.stop(1000);
    expect((await ended).code).toBe('STOPPING');
    expect(seen).toEqual([serving.SERVING, serving.NOT_SERVING]);
  });

  it('a service that nobody knows is watched, too, and nothing is kept of it', async () => {
    const { target, server } = await serve();
    const health = openChannel(target).client(definition);
    for (let i = 0; i < 20; i++) {
      const watch = health.watch(`${i}${'x'.repeat(100_000)}`);
      const answers = watch[Symbol.asyncIterator]();
      expect((await answers.next()).value).toBe(serving.SERVICE_UNKNOWN);
      watch.cancel();
      await failureOf(answers.next());
    }
    await eventually(() => server.openCalls === 0, 'no watcher is left');
    expect(await logClient(target).produce(produceRequest('tea'))).toEqual({ offset: 0n });
  });
});
