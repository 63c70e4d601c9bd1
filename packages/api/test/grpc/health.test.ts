import type { HealthImplementation } from 'grpc-health-check';
import { expect, it, vi } from 'vitest';
import { Health } from '../../src/grpc/system-services.js';

/** What the library keeps: it has no way to be asked. */
const made = vi.hoisted(() => [] as { readonly watchers: ReadonlyMap<string, ReadonlySet<unknown>> }[]);
vi.mock('grpc-health-check', async (original) => {
  const library = await original<{ HealthImplementation: typeof HealthImplementation }>();
  class Watched extends library.HealthImplementation {
    constructor(...args: ConstructorParameters<typeof HealthImplementation>) {
      super(...args);
      made.push(this as unknown as (typeof made)[number]);
    }
  }
  return { ...library, HealthImplementation: Watched };
});

it('the library of health keeps something of services that we serve, and of no others', () => {
  let watch: (call: object) => void = () => {};
  const health = new Health(['log.v1.Log']);
  health.addTo((_definition, handlers) => {
    watch = handlers.watch as typeof watch;
  });
  const written: object[] = [];
  const watchAs = (service: string): void =>
    watch({ request: { service }, on: () => {}, write: (status: object) => written.push(status) });
  for (let at = 0; at < 100; at += 1) watchAs(`unknown-${at}`);
  expect([...made[0]!.watchers.keys()]).toEqual([]);
  expect(written).toEqual(Array.from({ length: 100 }, () => ({ status: 'SERVICE_UNKNOWN' })));
  watchAs('log.v1.Log');
  expect([...made[0]!.watchers.keys()]).toEqual(['log.v1.Log']);
});
