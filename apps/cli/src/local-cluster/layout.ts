import { join } from 'node:path';

/** The name of every cluster of this kind: nodes' certificates say it. */
export const clusterName = 'local';

/** Whom its policy knows: one who may everything, and one who may read. */
export type Subject = 'admin' | 'reader';
export const subjects: readonly Subject[] = ['admin', 'reader'];

/** Where a cluster of our own keeps what is its. */
export class Layout {
  readonly dir: string;

  constructor(dir: string) {
    this.dir = dir;
  }

  get authority(): string {
    return join(this.dir, 'ca');
  }

  get policy(): string {
    return join(this.dir, 'policy.csv');
  }

  get keyring(): string {
    return join(this.dir, 'keyring');
  }

  /** What a shell reads to be this subject. */
  get environment(): string {
    return join(this.dir, 'env');
  }

  /** @param name of a node or a subject */
  tls(name: string): { readonly ca: string; readonly cert: string; readonly key: string } {
    return {
      ca: join(this.authority, 'ca.crt'),
      cert: join(this.dir, `${name}.crt`),
      key: join(this.dir, `${name}.key`),
    };
  }

  configuration(nodeId: string): string {
    return join(this.dir, `${nodeId}.yaml`);
  }

  /** What a node keeps. A start that failed may have left something: the next one begins beside it. */
  data(nodeId: string, start: number): string {
    return join(this.dir, start === 1 ? 'data' : `data-${start}`, nodeId);
  }

  /** What the node has said since it was started. */
  log(nodeId: string): string {
    return join(this.dir, `${nodeId}.log`);
  }
}
