import type { Decision } from '@commitlog/auth';
import type { Command } from 'commander';
import { CommandError, exitStatus } from '../errors.js';
import type { Invocation } from '../invocation.js';
import { readText, writeNew } from '../small-file.js';

/** Loaded by the commands that need it: it takes longer than all else together. */
const auth = () => import('@commitlog/auth');

const actions = ['produce', 'consume', 'admin'];
const policyBytesMax = 1024 * 1024;

interface AclOptions {
  readonly aclPolicy?: string;
  readonly aclModel?: string;
}

const examples = `
Examples:
  commitlog acl check root admin --acl-policy policy.csv
  commitlog acl explain till-3 produce orders-eu --acl-policy policy.csv`;

export function aclCommands(parent: Command, invocation: Invocation): void {
  const acl = parent.command('acl').helpCommand(false).description('access control: who may do what to which log');
  acl
    .command('init')
    .description('write a policy to begin with: it gives "root" everything, and nobody else anything')
    .argument('<file>', 'the policy, which must not be there yet')
    .addHelpText('after', '\nExample:\n  commitlog acl init policy.csv')
    .action(async (file: string) => {
      const { world, pathOf, print } = invocation;
      const path = pathOf(file);
      const { defaultPolicyPath } = await auth();
      const text = await readText(defaultPolicyPath, { bytesMax: policyBytesMax }, world);
      await writeNew(path, { text, permissions: 0o644 }, world);
      print({
        json: { policy: path },
        text: `${path}: "root" may do everything. Edit it as its comments say; servers take it up at once\n`,
      });
    });
  asking(acl.command('check'))
    .description('say "allowed" or "denied"; status 1 if denied')
    .action(async (subject: string, action: string, log: string | undefined, options: AclOptions) => {
      const { isAllowed, ...question } = await ask({ subject, action, log, options }, invocation);
      invocation.print({ json: { ...question, isAllowed }, text: isAllowed ? 'allowed\n' : 'denied\n' });
    });
  asking(acl.command('explain'))
    .description('say which line of the policy decides, and how; status 1 if denied')
    .action(async (subject: string, action: string, log: string | undefined, options: AclOptions) => {
      const answer = await ask({ subject, action, log, options }, invocation);
      const verdict = answer.isAllowed ? 'may' : 'may not';
      const what = answer.log === '*' ? `${action} the whole cluster` : `${action} ${answer.log}`;
      invocation.print({ json: answer, text: `${subject} ${verdict} ${what}: ${answer.reason}\n` });
    });
}

function asking(command: Command): Command {
  return command
    .argument('<subject>', "a client's common name, or a node's SPIFFE id")
    .argument('<action>', actions.join(', '))
    .argument('[log]', "a log's name; * is the whole cluster (default: * for admin, otherwise default)")
    .option('--acl-policy <file>', 'the policy (or COMMITLOG_ACL_POLICY)')
    .option('--acl-model <file>', 'how the policy is read, if not as usual (or COMMITLOG_ACL_MODEL)')
    .addHelpText('after', examples);
}

interface Question {
  readonly subject: string;
  readonly action: string;
  readonly log: string | undefined;
  readonly options: AclOptions;
}

async function ask(
  { subject, action, log, options }: Question,
  invocation: Invocation,
): Promise<Decision & { subject: string; action: string; log: string }> {
  const { world, pathOf } = invocation;
  if (!actions.includes(action)) {
    throw new CommandError('usage', `"${action}" is no action: expected one of ${actions.join(', ')}`);
  }
  const policy = options.aclPolicy ?? world.environment.COMMITLOG_ACL_POLICY;
  if (!policy) throw new CommandError('usage', '--acl-policy is missing: the file that is to be asked');
  const model = options.aclModel ?? (world.environment.COMMITLOG_ACL_MODEL || undefined);
  const { AuditTrail, defaultModelPath, openAccessControl } = await auth();
  const audit = new AuditTrail({}, { clock: world.clock, write: () => {} });
  const settings = { policy: pathOf(policy), model: model === undefined ? defaultModelPath : pathOf(model) };
  const access = await openAccessControl(settings, { ...world, audit });
  const about = log ?? (action === 'admin' ? '*' : 'default');
  const decision = access.explain(subject, action, about);
  if (!decision.isAllowed) invocation.status = exitStatus.negative;
  return { subject, action, log: about, ...decision };
}
