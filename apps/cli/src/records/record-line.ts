import { Buffer } from 'node:buffer';
import type { LogRecord } from '@commitlog/client';
import { moment } from '../presentation/quantity.js';

/** A record for people, on one line: offset, time, key if it has one, value. Whatever would move a cursor or hide is shown as an escape. */
export function recordLine({ offset, timeMs, key, value }: LogRecord<Uint8Array>): string {
  const shownKey = key === undefined ? '' : `${visible(key)}  `;
  return `${offset}  ${moment(timeMs)}  ${shownKey}${visible(value)}\n`;
}

function visible(bytes: Uint8Array): string {
  const text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString();
  return text.replaceAll(/[\p{Cc}\p{Cf}\u2028\u2029]/gu, (character) => {
    const code = character.codePointAt(0)!;
    if (character === '\t') return '\\t';
    if (character === '\n') return '\\n';
    if (character === '\r') return '\\r';
    return code < 256 ? `\\x${code.toString(16).padStart(2, '0')}` : `\\u{${code.toString(16)}}`;
  });
}
