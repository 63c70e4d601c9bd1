import { createTestCluster, type TestCluster } from '@commitlog/agent';
import { afterAll, beforeAll } from 'vitest';

/** A cluster of one in this process, without TLS, for all tests of a file; what a shell would export to reach it. */
export function oneNode(): { readonly environment: Record<string, string> } {
  let cluster: TestCluster;
  const environment = { COMMITLOG_INSECURE: 'true', COMMITLOG_SERVERS: '' };
  beforeAll(async () => {
    cluster = await createTestCluster({ nodes: 1 });
    environment.COMMITLOG_SERVERS = cluster.addresses.join(',');
  }, 60_000);
  afterAll(() => cluster.stop());
  return { environment };
}
