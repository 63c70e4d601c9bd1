import { EventEmitter } from 'node:events';
import { expect, test } from 'vitest';
import { runSwarm, type SwarmWorker } from '../../src/swarm/index.js';

/** Reports each job as it is, and ends at job 13. */
class Echo extends EventEmitter {
  postMessage(job: number): void {
    queueMicrotask(() => void (job === 13 ? this.emit('exit', 7) : this.emit('message', job)));
  }

  async terminate(): Promise<void> {
    this.emit('exit', 1);
  }
}

const startWorker = (): SwarmWorker<number, number> => new Echo();

test('given jobs, then each is done once, on as many workers as there are cores', async () => {
  const reports: number[] = [];
  let workers = 0;
  await runSwarm<number, number>(
    { jobs: [1, 2, 3, 4, 5], cores: 2 },
    {
      startWorker: () => {
        workers += 1;
        return startWorker();
      },
      onReport: (report) => reports.push(report) > 0,
    },
  );
  expect({ reports: reports.toSorted((one, other) => one - other), workers }).toEqual({
    reports: [1, 2, 3, 4, 5],
    workers: 2,
  });
});

test('given a report that is enough, then no further job is begun', async () => {
  const reports: number[] = [];
  const onReport = (report: number): boolean => reports.push(report) < 2;
  await runSwarm({ jobs: [1, 2, 3, 4, 5], cores: 1 }, { startWorker, onReport });
  expect(reports).toEqual([1, 2]);
});

test('given a worker that ends in the middle of a job, then the swarm fails and names the job', async () => {
  const swarm = runSwarm({ jobs: [1, 13, 2], cores: 1 }, { startWorker, onReport: () => true });
  await expect(swarm).rejects.toThrow('a worker ended with 7 in 13');
});
