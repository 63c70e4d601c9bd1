import type { SimCluster } from '../cluster.js';
import { firstDifference, haveConverged } from '../views.js';
import { Violation } from '../violation.js';

/**
 * Starts all, and waits until everybody knows everybody. Gossip reaches nearly everybody: of five members one in two hundred times somebody
 * is missed, and hears of it by anti-entropy. Before that a member cannot hear that another left: it never heard that it came.
 */
export function startAcquainted(cluster: SimCluster): void {
  cluster.startTogether();
  cluster.runFor(5_000);
  // Each asks somebody within the interval, but that one may have been missed too.
  const withinMs = 3 * cluster.settings.pushPullIntervalMs;
  if (cluster.runUntil(() => haveConverged(cluster), withinMs)) return;
  throw new Violation('views converge', firstDifference(cluster) ?? 'they differ in number');
}
