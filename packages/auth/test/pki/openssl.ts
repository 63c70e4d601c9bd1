import { execFile, spawnSync } from 'node:child_process';

/** Runs openssl, and returns what it said and whether it was content. */
export function openssl(args: readonly string[], input = ''): { readonly isGood: boolean; readonly output: string } {
  const { status, stdout, stderr } = spawnSync('openssl', args, { encoding: 'utf8', input, timeout: 20_000 });
  return { isGood: status === 0, output: `${stdout}${stderr}` };
}

/** The same while this process goes on, for servers that run in it. @returns what openssl said */
export function opensslBeside(args: readonly string[]): Promise<string> {
  return new Promise((resolve) => {
    const child = execFile('openssl', args, { timeout: 20_000 }, (_, stdout, stderr) => resolve(`${stdout}${stderr}`));
    child.stdin?.on('error', () => {}).end();
  });
}

/** Tests against it are skipped where there is none; vitest's report names them. */
export const hasOpenssl: boolean = spawnSync('openssl', ['version']).status === 0;
if (!hasOpenssl) console.warn('openssl is not installed: the tests against it are SKIPPED');
