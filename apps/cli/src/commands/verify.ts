import { type Finding, type Verification, verifyLog } from '@commitlog/log';
import type { Command } from 'commander';
import { exitStatus } from '../errors.js';
import type { Invocation } from '../invocation.js';
import { logDirectoryIn } from '../log-directory.js';
import { Progress } from '../presentation/progress.js';
import { duration, range, size, some } from '../presentation/quantity.js';

export function verifyCommand(parent: Command, invocation: Invocation): void {
  const { world, pathOf } = invocation;
  parent
    .command('verify')
    .description('read every byte of a log, and check it; changes nothing')
    .argument('<dir>', 'of a log that nobody has open, or the data directory of an agent that does not run')
    .action(async (dir: string) => {
      const startedMs = world.clock.monotonicMs();
      const progress = new Progress(world.err, world.clock);
      const settings = {
        dir: await logDirectoryIn(pathOf(dir), world),
        progress: (bytes: number, allBytes: number) => progress.show(() => shown(bytes, allBytes)),
      };
      const verification = await verifyLog(settings, world).finally(() => progress.end());
      const ms = world.clock.monotonicMs() - startedMs;
      const report = { dir: settings.dir, ...verification, ms };
      invocation.print({ json: report, text: inWords(verification, ms) });
      if (!verification.isSound) invocation.status = exitStatus.negative;
    });
}

function shown(bytes: number, allBytes: number): string {
  const percent = allBytes === 0 ? 100 : Math.floor((bytes / allBytes) * 100);
  return `verifying: ${size(bytes)} of ${size(allBytes)}, ${percent} %`;
}

function inWords({ isSound, findings, ...read }: Verification, ms: number): string {
  const damage = findings.filter(({ severity }) => severity === 'damage');
  const notes = findings.filter(({ severity }) => severity === 'note');
  const amount = `${some(read.segments, 'segment')}, ${some(read.batches, 'batch', 'batches')}, ${some(read.records, 'record')}, ${size(read.bytes)} in ${duration(ms)}`;
  return [
    isSound ? `sound: ${amount}; everything can be read as it was written\n` : `damaged: ${amount}\n`,
    ...damage.map((finding) => `damage  ${finding.file}: ${finding.message}\n`),
    ...notes.map((finding) => `note    ${finding.file}: ${finding.message}\n`),
    ...advice(damage),
  ].join('');
}

function advice(damage: readonly Finding[]): string[] {
  if (damage.length === 0) return [];
  const lost = damage.flatMap(({ firstIndex = 1, lastIndex = 0 }) =>
    lastIndex < firstIndex ? [] : range(firstIndex, lastIndex),
  );
  const lines = ['\n'];
  if (lost.length > 0) {
    lines.push(
      `Unreadable: index ${lost.join(', ')}. Everything else can be read. Another copy of this log can fill the holes\n`,
      '(Log.mend of @commitlog/log); without one, restore the directory from a backup.\n',
    );
  }
  lines.push('Keep the directory as it is until then: nothing was changed, and nothing damaged is ever cut off.\n');
  return lines;
}
