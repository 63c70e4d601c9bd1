import { Buffer } from 'node:buffer';
import type { SeededRandom } from '@commitlog/simulation';
import { encodeExchange, type MemberState } from '../../src/core/exchange.js';
import { incarnationMax } from '../../src/core/incarnation.js';
import type { MemberStatus } from '../../src/core/member.js';
import { encodeMessage, type Message } from '../../src/core/message.js';
import { PacketBuilder, payloadBytesMax } from '../../src/core/packet.js';
import { encodeTags } from '../../src/core/tags.js';

/** The member that all of it is sent to. */
export const targetName = 'target';

const statuses: readonly MemberStatus[] = ['alive', 'suspect', 'failed', 'left'];

/** A well-formed payload, of a member that may or may not be known. */
export function somePayload(random: SeededRandom): Uint8Array {
  const to = random.chance(0.95) ? targetName : someName(random);
  const packet = new PacketBuilder(
    { from: someName(random), to, incarnation: someIncarnation(random) },
    payloadBytesMax,
  );
  for (let count = random.below(5); count >= 0; count--) packet.add(encodeMessage(someMessage(random)));
  if (random.chance(0.3)) packet.padTo(random.below(payloadBytesMax));
  return packet.bytes();
}

/** A well-formed question, or answer, for a stream. */
export function someExchange(random: SeededRandom): Uint8Array {
  switch (random.below(4)) {
    case 0:
      return encodeExchange({ kind: 'ping', to: random.chance(0.5) ? targetName : someName(random) });
    case 1:
      return encodeExchange({ kind: 'pong' });
    default: {
      const states = Array.from({ length: random.below(12) }, () => someState(random));
      return encodeExchange({ kind: 'push-pull', from: someName(random), states });
    }
  }
}

/** The same with some of its bytes changed, cut, doubled or put in. */
export function mutated(bytes: Uint8Array, random: SeededRandom): Uint8Array {
  let result = Buffer.from(bytes);
  for (let count = 1 + random.below(4); count > 0; count--) {
    const at = random.below(result.length + 1);
    switch (random.below(5)) {
      case 0:
        if (at < result.length) result[at] = random.below(256);
        break;
      case 1:
        if (at < result.length) result[at]! ^= 1 << random.below(8);
        break;
      case 2:
        result = Buffer.from(result.subarray(0, at));
        break;
      case 3:
        result = Buffer.concat([
          result.subarray(0, at),
          Buffer.from(random.bytes(random.below(20))),
          result.subarray(at),
        ]);
        break;
      default:
        result = Buffer.concat([result, result.subarray(at)]);
    }
  }
  return result;
}

function someMessage(random: SeededRandom): Message {
  const seq = random.chance(0.5) ? random.below(50) : random.uint32();
  const claim = { about: random.chance(0.1) ? targetName : someName(random), incarnation: someIncarnation(random) };
  switch (random.below(8)) {
    case 0:
      return { kind: 'ping', seq };
    case 1:
      return { kind: 'ack', seq };
    case 2:
      return { kind: 'indirect-ping', seq, target: someName(random) };
    case 3:
      return { kind: 'nack', seq };
    case 4:
      return { kind: 'suspect', ...claim, from: someName(random) };
    case 5:
      return { kind: 'failed', ...claim, from: someName(random) };
    case 6:
      return { kind: 'left', ...claim };
    default:
      return { kind: 'alive', ...claim, address: someAddress(random), tagBytes: someTagBytes(random) };
  }
}

function someState(random: SeededRandom): MemberState {
  return {
    name: random.chance(0.1) ? targetName : someName(random),
    address: someAddress(random),
    tagBytes: someTagBytes(random),
    status: statuses[random.below(statuses.length)]!,
    incarnation: someIncarnation(random),
  };
}

function someName(random: SeededRandom): string {
  return `n${random.below(random.chance(0.9) ? 40 : 100_000)}`;
}

function someIncarnation(random: SeededRandom): number {
  if (random.chance(0.9)) return random.below(20);
  return [incarnationMax, incarnationMax - 1, 2 ** 47, 2 ** 32, 65_536][random.below(5)]!;
}

function someAddress(random: SeededRandom) {
  const host = random.chance(0.8) ? `10.0.0.${random.below(256)}` : `fd00::${random.below(65_536).toString(16)}`;
  return { host, port: 1 + random.below(65_535) };
}

function someTagBytes(random: SeededRandom): Uint8Array {
  if (random.chance(0.2)) return random.bytes(random.below(513));
  return encodeTags({ role: 'voter', number: random.below(100), text: 'x'.repeat(random.below(450)) });
}
