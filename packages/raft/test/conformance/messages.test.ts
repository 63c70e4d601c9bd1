import { expect, test } from 'vitest';
import { everyMessage } from '../../src/conformance/messages.js';
import { messageProblem } from '../../src/driver/inbox.js';

test.each(everyMessage('a', 'b'))('the sample of $kind is one that a member may send', (message) => {
  expect(messageProblem(message)).toBeNull();
});
