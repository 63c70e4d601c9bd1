import { describe, expect, test } from 'vitest';
import { type ClusterAnswer, Directory } from '../../src/cluster/directory.js';

const answer = (term: number, leader: string | undefined, ids = ['n1', 'n2', 'n3']): ClusterAnswer => ({
  term,
  servers: ids.map((id) => ({ id, address: `${id}:1`, isLeader: id === leader })),
});
const silent = { ask: () => Promise.reject(new Error('silent')) };

describe('of two answers', () => {
  test.each<[string, ClusterAnswer, string]>([
    ['of a higher term is believed', answer(3, 'n3'), 'n3:1'],
    ['of a lower term is not, also when it came later', answer(1, 'n1'), 'n2:1'],
    ['of the same term that knows no leader says nothing new', answer(2, undefined), 'n2:1'],
  ])('the one %s', (_what, second, leader) => {
    const directory = new Directory(['seed:1'], silent);
    directory.believe(answer(2, 'n2'));
    directory.believe(second);
    expect(directory.leader).toBe(leader);
  });

  test('one of a higher term without a leader means that nobody is known to lead', () => {
    const directory = new Directory(['seed:1'], silent);
    directory.believe(answer(2, 'n2'));
    directory.believe(answer(3, undefined));
    expect([directory.leader, directory.term]).toEqual([undefined, 3]);
  });
});

test('a hint is believed until an answer says otherwise, and listeners hear of changes alone', () => {
  const directory = new Directory(['seed:1'], silent);
  let changes = 0;
  const forget = directory.onChange(() => {
    changes += 1;
  });
  directory.believe(answer(2, 'n2'));
  directory.believe(answer(2, 'n2'));
  expect(changes).toBe(1);
  directory.hinted({ id: 'n3', address: 'n3:1' });
  expect([directory.leader, directory.servers.length, changes]).toEqual(['n3:1', 3, 2]);
  directory.believe(answer(3, 'n1'));
  expect([directory.leader, changes]).toEqual(['n1:1', 3]);
  forget();
  directory.believe(answer(4, 'n2'));
  expect(changes).toBe(3);
  expect(directory.addresses).toEqual(['n1:1', 'n2:1', 'n3:1', 'seed:1']);
});

test('given one server that is silent, then the answer of another is enough, and who asks meanwhile shares it', async () => {
  let asked = 0;
  const directory = new Directory(['a:1', 'b:1'], {
    ask: () => {
      asked += 1;
      return asked === 1 ? new Promise<never>(() => {}) : Promise.resolve(answer(1, 'n1'));
    },
  });
  expect(await Promise.all([directory.refresh(), directory.refresh()])).toEqual([true, true]);
  expect(asked).toBe(2);
});

test('given nobody who answers, then it says so, and why', async () => {
  const directory = new Directory(['a:1'], silent);
  expect(await directory.refresh()).toBe(false);
  expect(directory.trouble).toEqual(new Error('silent'));
});
