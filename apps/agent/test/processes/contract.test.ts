import { once } from 'node:events';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import {
  type ChannelCredentials,
  type Client,
  type ClientDuplexStream,
  type ClientReadableStream,
  credentials,
  loadPackageDefinition,
  type ServiceError,
  status,
} from '@grpc/grpc-js';
import { loadSync, type ServiceDefinition } from '@grpc/proto-loader';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { ProcessCluster } from '../../faults/cluster.js';
import { TraceRecorder } from '../../faults/trace-recorder.js';
import { leaveTimeline } from './leave-timeline.js';

const definition = loadSync(fileURLToPath(new URL('old-client.proto', import.meta.url)), {
  longs: Number,
  defaults: true,
});
const { Log } = (loadPackageDefinition(definition) as unknown as Contract).log.v1;

interface Contract {
  readonly log: { readonly v1: { readonly Log: new (address: string, credentials: ChannelCredentials) => LogClient } };
}

type Unary = (request: object, callback: (error: ServiceError | null, response: unknown) => void) => void;

interface LogClient extends Client {
  Produce: Unary;
  Consume: Unary;
  GetServers: Unary;
  ConsumeStream(request: object): ClientReadableStream<{ readonly record: { value: Buffer; offset: number } }>;
  ProduceStream(): ClientDuplexStream<object, { readonly offset: number }>;
}

interface Server {
  readonly id: string;
  readonly rpcAddr: string;
  readonly isLeader: boolean;
}

/** A client as somebody writes it who has that contract, grpc-js, and certificates: nothing in it is ours. */
describe('a client of the earlier service, against three processes', () => {
  let dir: string;
  let cluster: ProcessCluster;
  let recorder: TraceRecorder;
  const clients = new Map<string, LogClient>();

  beforeAll(async () => {
    dir = await mkdtemp(join(tmpdir(), 'commitlog-contract-'));
    cluster = await ProcessCluster.create(dir, ['n1', 'n2', 'n3']);
    recorder = new TraceRecorder(cluster.nodes);
    await cluster.start(...cluster.nodes);
    await cluster.leader(3);
    for (const subject of ['writer', 'nobody']) {
      const [ca, key, cert] = await Promise.all(
        ['ca/ca.crt', `${subject}.key`, `${subject}.crt`].map((name) => readFile(join(dir, name))),
      );
      for (const { port } of cluster.nodes) {
        const address = `127.0.0.1:${port}`;
        clients.set(`${subject} ${address}`, new Log(address, credentials.createSsl(ca, key, cert)));
      }
    }
  }, 120_000);
  beforeEach(({ onTestFailed, task }) => onTestFailed(() => leaveTimeline(recorder, task.name)));
  afterAll(async () => {
    recorder.stop();
    for (const client of clients.values()) client.close();
    await cluster.stop();
    await rm(dir, { recursive: true, force: true });
  }, 30_000);

  const clientOf = ({ rpcAddr }: Pick<Server, 'rpcAddr'>, subject = 'writer') => clients.get(`${subject} ${rpcAddr}`)!;
  const somewhere = () => ({ rpcAddr: cluster.addressOf(cluster.nodes[0]!) });

  /** Their resolver calls this, with no grant of its own; their picker produces at the leader, and consumes from the followers. */
  async function picked(): Promise<{ leader: Server; followers: Server[] }> {
    const { servers } = (await unary(clientOf(somewhere(), 'nobody'), 'GetServers', {})) as { servers: Server[] };
    const leaders = servers.filter(({ isLeader }) => isLeader);
    expect(leaders).toHaveLength(1);
    return { leader: leaders[0]!, followers: servers.filter(({ isLeader }) => !isLeader) };
  }

  it('given records that the leader was sent, then their offsets go from 0 without a gap, and followers serve them', async () => {
    const { leader, followers } = await picked();
    expect(followers).toHaveLength(2);
    for (const [at, text] of ['tea', 'milk', 'sugar'].entries()) {
      const sent = { value: Buffer.from(text), offset: 77, term: 77, type: 7 };
      expect(await unary(clientOf(leader), 'Produce', { record: sent })).toEqual({ offset: at });
      for (const follower of followers) {
        const { record } = (await unary(clientOf(follower), 'Consume', { offset: at })) as { record: unknown };
        expect(record).toEqual({ value: Buffer.from(text), offset: at, term: expect.any(Number), type: 0 });
      }
    }
  });

  it('given a stream of records, then its answers come in order, and a stream from the start gives all, and waits for more', async () => {
    const { leader, followers } = await picked();
    const stream = clientOf(leader).ProduceStream();
    const answers: number[] = [];
    stream.on('data', ({ offset }: { offset: number }) => answers.push(offset));
    for (let at = 3; at < 20; at += 1) stream.write({ record: { value: Buffer.from(`record ${at}`) } });
    stream.end();
    await once(stream, 'end');
    expect(answers).toEqual(Array.from({ length: 17 }, (_, at) => at + 3));

    const consumed = clientOf(followers[0]!).ConsumeStream({ offset: 2 });
    const seen: string[] = [];
    for await (const { record } of consumed) {
      seen.push(`${record.offset} ${record.value}`);
      if (record.offset === 19) await unary(clientOf(leader), 'Produce', { record: { value: Buffer.from('late') } });
      if (record.offset === 20) break;
    }
    expect(seen).toEqual(['2 sugar', ...answers.map((offset) => `${offset} record ${offset}`), '20 late']);
  });

  it('given an offset past the end, then the error has the bounds, and says so in words', async () => {
    const { leader } = await picked();
    const error = await refused(unary(clientOf(leader), 'Consume', { offset: 1000 }));
    expect(error.code).toBe(status.OUT_OF_RANGE);
    const details = detailsOf(error);
    expect(details.ErrorInfo!.metadata).toMatchObject({ start: '0', end: '21' });
    expect(details.LocalizedMessage).toEqual({ locale: 'en', message: expect.stringContaining('1000') });
  });

  it('given a subject without a grant, then every call that needs one is refused, and no other', async () => {
    const { leader } = await picked();
    const client = clientOf(leader, 'nobody');
    const denied = { code: status.PERMISSION_DENIED };
    expect(await refused(unary(client, 'Produce', { record: { value: Buffer.from('x') } }))).toMatchObject(denied);
    expect(await refused(unary(client, 'Consume', { offset: 0 }))).toMatchObject(denied);
    const [consumed] = await once(client.ConsumeStream({ offset: 0 }), 'error');
    expect(consumed).toMatchObject(denied);
    const stream = client.ProduceStream();
    stream.write({ record: { value: Buffer.from('x') } });
    const [produced] = await once(stream, 'error');
    expect(produced).toMatchObject(denied);
  });
});

function unary(client: LogClient, method: 'Produce' | 'Consume' | 'GetServers', request: object): Promise<unknown> {
  return new Promise((resolve, reject) => {
    client[method](request, (error: ServiceError | null, response: unknown) =>
      error ? reject(error) : resolve(response),
    );
  });
}

async function refused(call: Promise<unknown>): Promise<ServiceError> {
  const answer = await call.then(
    (response) => new Error(`answered with ${JSON.stringify(response)}`),
    (error: unknown) => error,
  );
  return answer as ServiceError;
}

interface Status {
  readonly details: readonly { readonly typeUrl: string; readonly value: Buffer }[];
}

/** What a failed call has in its trailer, by the last part of each type's name. */
function detailsOf({ metadata }: ServiceError): Record<string, Record<string, unknown>> {
  const details = definition['log.v1.Details'] as ServiceDefinition;
  const decode = (type: string, bytes: Buffer): object => details[`Of${type}`]!.requestDeserialize(bytes);
  const found = decode('Status', metadata.get('grpc-status-details-bin')[0] as Buffer) as Status;
  const named = found.details.map(({ typeUrl, value }) => {
    const name = typeUrl.slice(typeUrl.lastIndexOf('.') + 1);
    return [name, decode(name, value)] as const;
  });
  return Object.fromEntries(named) as Record<string, Record<string, unknown>>;
}
