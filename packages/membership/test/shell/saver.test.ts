import { nodeClock as clock } from '@commitlog/runtime/node';
import { expect, test } from 'vitest';
import { Saver } from '../../src/shell/saver.js';

test('given that who is told of a failure throws, then saving goes on', async () => {
  let saves = 0;
  const saver = new Saver({
    store: {
      load: async () => undefined,
      save: async () => {
        saves += 1;
        throw new Error('no space left');
      },
    },
    clock,
    current: () => ({ cluster: 'c', name: 'a', incarnation: 0, contacts: [] }),
    failed: (error) => {
      throw error;
    },
  });
  await saver.saveNow();
  await saver.saveNow();
  expect(saves).toBe(2);
});
