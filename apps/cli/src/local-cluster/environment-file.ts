import type { Files } from '@commitlog/runtime';
import type { Subject } from './layout.js';
import type { LocalCluster } from './local-cluster.js';
import { replaceFile } from './replace-file.js';

/** Writes what a shell reads (`. DIR/env`) so that its commands reach a cluster as one of its subjects. */
export async function writeEnvironment(
  cluster: LocalCluster,
  subject: Subject,
  components: { readonly files: Files },
): Promise<void> {
  const { servers, tls } = cluster.connection(subject);
  const variables = {
    COMMITLOG_SERVERS: servers.join(','),
    COMMITLOG_TLS_CA: tls!.ca,
    COMMITLOG_TLS_CERT: tls!.cert,
    COMMITLOG_TLS_KEY: tls!.key,
  };
  const lines = Object.entries(variables).map(([name, value]) => `export ${name}=${quoted(value)}\n`);
  await replaceFile(cluster.layout.environment, lines.join(''), components);
}

/** As a POSIX shell takes it, whatever it holds. */
function quoted(value: string): string {
  return `'${value.replaceAll("'", `'\\''`)}'`;
}
