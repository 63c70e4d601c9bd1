/**
 * Feeds members with packets and exchanges, as they should be and mutated, sealed and not, and checks that nothing throws, nothing grows past its
 * bound, no reply is longer than what it answers, and what is not sealed with the key is neither let in nor answered.
 *
 *     pnpm --filter @commitlog/membership test:fuzz [--cases N] [--seed N] [--json]
 *
 * The last line of standard output with --json is `{ "cases", "letIn", "answered", "refused", "failures", "heapMb" }`. Exits 1 on a
 * failure, 2 on a flag it does not know.
 */
import assert from 'node:assert/strict';
import { Buffer } from 'node:buffer';
import { parseArgs } from 'node:util';
import { SeededRandom, SimulatedClock } from '@commitlog/simulation';
import { integerFlag } from '../../../../scripts/flags.mjs';
import { commitSeed } from '../../../../scripts/seed.mjs';
import { Keyring, PlainEnvelope, SealedEnvelope, sealedHandshake } from '../../src/index.js';
import { mutated, someExchange, somePayload } from './arbitrary.js';
import { Target } from './target.js';

const usage = 'usage: test:fuzz [--cases N] [--seed N] [--json]';
const casesDefault = 100_000;
/** A target lives this long: long enough to be full, short enough that a failure can be replayed. */
const casesPerTarget = 2_000;
/** What the heap may grow by, whatever the number of cases. */
const heapGrowthMbMax = 96;
const failuresMax = 10;

const flags = readFlags();
const sums = { letIn: 0, answered: 0, refused: 0 };
const failures: string[] = [];
const heapStartMb = heapMb();
for (let done = 0; done < flags.cases && failures.length < failuresMax; done += casesPerTarget) {
  showProgress(`${done} of ${flags.cases} cases`);
  const seed = `${flags.seed}/${done / casesPerTarget}`;
  try {
    fuzzTarget(seed, Math.min(casesPerTarget, flags.cases - done));
  } catch (error) {
    failures.push(`target ${seed}: ${error instanceof Error ? error.stack : String(error)}`);
  }
  const grownMb = heapMb() - heapStartMb;
  if (grownMb > heapGrowthMbMax) failures.push(`the heap grew by ${grownMb} MB`);
}
showProgress('');
for (const failure of failures) console.error(`${failure}\n`);
const report = { cases: flags.cases, ...sums, failures: failures.length, heapMb: heapMb() };
console.log(flags.isJson ? JSON.stringify(report) : report);
process.exitCode = failures.length > 0 ? 1 : 0;

function fuzzTarget(seed: string, cases: number): void {
  const random = new SeededRandom(seed);
  const target = new Target(random.fork('target'), () =>
    random.chance(0.3) ? undefined : mutated(someExchange(random), random),
  );
  const plain = new PlainEnvelope('fuzz');
  const key = random.bytes(32);
  const envelope = (secret: Uint8Array, name: string): SealedEnvelope =>
    new SealedEnvelope(
      { cluster: 'fuzz', peersMax: 8 },
      { keyring: new Keyring(secret), random: random.fork(name), clock: new SimulatedClock() },
    );
  const sealed = envelope(key, 'target');
  let friend = envelope(key, 'friend');
  const stranger = envelope(random.bytes(32), 'stranger');
  const handshake = sealedHandshake('fuzz', { keyring: new Keyring(key), random: random.fork('handshake') });
  const from = { host: '10.0.0.9', port: 7946 };
  const home = { host: '10.0.0.1', port: 7946 };
  for (let at = 0; at < cases; at++) {
    target.pass();
    const payload = random.chance(0.5) ? somePayload(random) : mutated(somePayload(random), random);
    switch (random.below(6)) {
      case 0:
        count(target.receive(from, mutated(plain.seal(from, payload), random), plain));
        break;
      case 1:
        count(target.receive(from, plain.seal(from, payload), plain));
        break;
      case 2: {
        // Somebody with the key, who may have restarted, and may say anything.
        if (random.chance(0.02)) friend = envelope(key, `friend ${at}`);
        const packet = friend.seal(home, payload);
        const isHurt = random.chance(0.3);
        const verdict = target.receive(from, isHurt ? mutated(packet, random) : packet, sealed);
        count(verdict);
        if (verdict === 'answered') proveItself(target, { friend, sealed, packet, from, home });
        break;
      }
      case 3: {
        const strange = random.chance(0.5) ? stranger.seal(home, payload) : payload;
        const verdict = target.receive(from, strange, sealed);
        count(verdict);
        assert.equal(verdict, 'refused', 'what was not sealed with the key was answered');
        break;
      }
      case 4: {
        const exchange = random.chance(0.5) ? someExchange(random) : mutated(someExchange(random), random);
        target.step({ kind: 'asked', id: at, bytes: exchange });
        target.checkBounds();
        sums.letIn += 1;
        break;
      }
      default: {
        const { hello } = handshake.greet();
        const wrong = mutated(hello, random);
        assert.ok(
          Buffer.compare(wrong, hello) === 0 || handshake.welcome(wrong) === undefined,
          'a forged hello was welcomed',
        );
        sums.refused += 1;
      }
    }
  }
}

/** Does what is asked of it, so that more than challenges gets through. */
function proveItself(
  target: Target,
  it: {
    readonly friend: SealedEnvelope;
    readonly sealed: SealedEnvelope;
    readonly packet: Uint8Array;
    readonly from: { readonly host: string; readonly port: number };
    readonly home: { readonly host: string; readonly port: number };
  },
): void {
  const challenge = it.sealed.open(it.from, it.packet);
  if (challenge.kind !== 'reply') return;
  const again = it.friend.open(it.home, challenge.packet);
  assert.equal(again.kind, 'reply', 'a challenge was not met');
  if (again.kind === 'reply') count(target.receive(it.from, again.packet, it.sealed));
}

function count(verdict: 'let in' | 'answered' | 'refused'): void {
  if (verdict === 'let in') sums.letIn += 1;
  else sums[verdict] += 1;
}

function heapMb(): number {
  return Math.round(process.memoryUsage().heapUsed / 2 ** 20);
}

function showProgress(text: string): void {
  if (process.stderr.isTTY) process.stderr.write(`\r\x1b[K${text}`);
}

function readFlags() {
  try {
    const { values } = parseArgs({
      options: { cases: { type: 'string' }, seed: { type: 'string' }, json: { type: 'boolean', default: false } },
    });
    return {
      cases: integerFlag('--cases', values.cases, 1, 0x7fff_ffff) ?? casesDefault,
      seed: integerFlag('--seed', values.seed, 0, 0xffff_ffff) ?? commitSeed(),
      isJson: values.json,
    };
  } catch (error) {
    console.error(`${(error as Error).message}\n${usage}`);
    process.exit(2);
  }
}
