import { Buffer } from 'node:buffer';
import type { Random } from '@commitlog/runtime';
import { open, seal, tagBytes } from './aead.js';
import { deriveKey } from './key-derivation.js';
import type { Keyring } from './keyring.js';
import { clusterMark } from './plain-envelope.js';

/** What both ends of a stream agree on before anything is asked. Each message has a key of its own, so each is number 0 of its key. */
export interface StreamSession {
  sealQuestion(question: Uint8Array): Uint8Array;
  openQuestion(sealed: Uint8Array): Uint8Array | undefined;
  sealAnswer(answer: Uint8Array): Uint8Array;
  openAnswer(sealed: Uint8Array): Uint8Array | undefined;
}

/**
 * Who asks says hello, who answers says hello back, and only then is anything said: what was recorded of one stream opens nothing on
 * another, as each end has put something fresh into the keys.
 */
export interface StreamHandshake {
  /** The asker's hello, and what becomes of the answer to it; undefined: the other end is none of ours. */
  greet(): { readonly hello: Uint8Array; readonly greeted: (helloBack: Uint8Array) => StreamSession | undefined };
  /** What to say back, never longer than the hello; or undefined: nothing at all. */
  welcome(hello: Uint8Array): { readonly helloBack: Uint8Array; readonly session: StreamSession } | undefined;
}

const saltBytes = 16;
const nothing = new Uint8Array(0);

/** Under a keyring: nobody without a key gets a byte back. */
export function sealedHandshake(
  cluster: string,
  { keyring, random }: { readonly keyring: Keyring; readonly random: Random },
): StreamHandshake {
  const info = (what: string): string => `commitlog membership stream 1 ${what} ${cluster}`;
  const session = (secret: Uint8Array, salts: Uint8Array): StreamSession => {
    const question = deriveKey(secret, salts, info('question'));
    const answer = deriveKey(secret, salts, info('answer'));
    return {
      sealQuestion: (bytes) => seal(question, 0, nothing, bytes),
      openQuestion: (bytes) => open(question, 0, nothing, bytes),
      sealAnswer: (bytes) => seal(answer, 0, nothing, bytes),
      openAnswer: (bytes) => open(answer, 0, nothing, bytes),
    };
  };
  return {
    greet() {
      const { id, secret } = keyring.primary;
      const salt = random.bytes(saltBytes);
      const header = Buffer.alloc(4 + saltBytes);
      header.writeUInt32BE(id, 0);
      header.set(salt, 4);
      const hello = Buffer.concat([header, seal(deriveKey(secret, salt, info('hello')), 0, header, nothing)]);
      return {
        hello,
        greeted(helloBack) {
          const theirs = helloBack.subarray(0, saltBytes);
          const salts = Buffer.concat([salt, theirs]);
          const key = deriveKey(secret, salts, info('hello back'));
          const isOurs = open(key, 0, theirs, helloBack.subarray(saltBytes)) !== undefined;
          return isOurs && helloBack.length === saltBytes + tagBytes ? session(secret, salts) : undefined;
        },
      };
    },
    welcome(hello) {
      if (hello.length !== 4 + saltBytes + tagBytes) return undefined;
      const header = hello.subarray(0, 4 + saltBytes);
      const key = keyring.find(Buffer.from(header).readUInt32BE(0));
      const theirs = header.subarray(4);
      if (key === undefined) return undefined;
      const helloKey = deriveKey(key.secret, theirs, info('hello'));
      if (open(helloKey, 0, header, hello.subarray(4 + saltBytes)) === undefined) return undefined;
      const salt = random.bytes(saltBytes);
      const salts = Buffer.concat([theirs, salt]);
      const backKey = deriveKey(key.secret, salts, info('hello back'));
      return { helloBack: Buffer.concat([salt, seal(backKey, 0, salt, nothing)]), session: session(key.secret, salts) };
    },
  };
}

/** Without one: it keeps clusters apart, and hides nothing. */
export function plainHandshake(cluster: string): StreamHandshake {
  const mark = clusterMark(cluster);
  const isOurs = (hello: Uint8Array): boolean => Buffer.compare(hello, mark) === 0;
  const asIs = (bytes: Uint8Array): Uint8Array => bytes;
  const session: StreamSession = { sealQuestion: asIs, openQuestion: asIs, sealAnswer: asIs, openAnswer: asIs };
  return {
    greet: () => ({ hello: mark, greeted: (helloBack) => (isOurs(helloBack) ? session : undefined) }),
    welcome: (hello) => (isOurs(hello) ? { helloBack: mark, session } : undefined),
  };
}
