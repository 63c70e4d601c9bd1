import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, it, vi } from 'vitest';
import { Policy } from '../../src/acl/policy.js';
import { AuthError, defaultModelPath, defaultPolicyPath } from '../../src/index.js';

const actions = new Set(['produce', 'consume', 'admin']);
const ourModel = readFileSync(defaultModelPath, 'utf8');
const ourPolicy = readFileSync(defaultPolicyPath, 'utf8');

/** The model of the service whose clients we keep compatible with. */
const literalModel = `[request_definition]
r = sub, obj, act

[policy_definition]
p = sub, obj, act

[policy_effect]
e = some(where (p.eft == allow))

[matchers]
m = r.sub == p.sub && r.obj == p.obj && r.act == p.act
`;
const literalModelWithDeny = literalModel
  .replace('p = sub, obj, act', 'p = sub, obj, act, eft')
  .replace('some(where (p.eft == allow))', 'some(where (p.eft == allow)) && !some(where (p.eft == deny))');

const read = (policy: string, model: string = ourModel): Promise<Policy> =>
  Policy.read({ text: model, path: 'model.conf' }, { text: policy, path: 'policy.csv' }, actions);
const lines = (...written: string[]): string => `${written.join('\n')}\n`;

describe('the model that we ship', () => {
  it('knows logs by name and by prefix', async () => {
    const policy = await read(lines('p, shop, orders-*, produce, allow', 'p, shop, audit, consume, allow'));
    const may = (action: string, log: string): boolean => policy.decide('shop', action, log).isAllowed;
    expect([may('produce', 'orders-eu'), may('produce', 'orders-'), may('consume', 'audit')]).toEqual([
      true,
      true,
      true,
    ]);
    expect([may('produce', 'orders'), may('produce', 'xorders-eu'), may('produce', 'audit')]).toEqual([
      false,
      false,
      false,
    ]);
    expect([may('consume', 'orders-eu'), may('consume', 'audit-2'), may('admin', '*')]).toEqual([false, false, false]);
    expect(policy.decide('shopper', 'produce', 'orders-eu').isAllowed).toBe(false);
  });

  it('knows everybody, every action, and every log', async () => {
    const policy = await read(lines('p, *, public-*, consume, allow', 'p, boss, *, *, allow'));
    expect(policy.decide('anyone', 'consume', 'public-news').isAllowed).toBe(true);
    expect(policy.decide('anyone', 'produce', 'public-news').isAllowed).toBe(false);
    expect(policy.decide('boss', 'admin', '*').isAllowed).toBe(true);
    expect(policy.decide('boss', 'consume', 'whatever').isAllowed).toBe(true);
  });

  it('gives what a role has to whoever has it, through other roles too', async () => {
    const policy = await read(
      lines(
        'p, role:reader, *, consume, allow',
        'g, role:writer, role:reader',
        'p, role:writer, *, produce, allow',
        'g, ann, role:writer',
      ),
    );
    expect(policy.decide('ann', 'consume', 'x').isAllowed).toBe(true);
    expect(policy.decide('ann', 'produce', 'x').isAllowed).toBe(true);
    expect(policy.decide('bob', 'consume', 'x').isAllowed).toBe(false);
  });

  it('follows roles however deep, so that no denial is lost on the way', async () => {
    const chain = Array.from({ length: 40 }, (_, at) => [
      `p, role:${at}, x, admin, allow`,
      `g, role:${at}, role:${at + 1}`,
    ]);
    const policy = await read(
      lines('p, ann, *, consume, allow', 'g, ann, role:0', ...chain.flat(), 'p, role:40, secret, consume, deny'),
    );
    expect(policy.decide('ann', 'consume', 'news').isAllowed).toBe(true);
    expect(policy.decide('ann', 'consume', 'secret').isAllowed).toBe(false);
    expect(policy.decide('bob', 'consume', 'news').isAllowed).toBe(false);
  });

  it('takes roles that have each other, and any number of ways from one to another', async () => {
    const roles = Array.from({ length: 60 }, (_, at) => `role:${at}`);
    const all = roles.flatMap((role) => roles.map((other) => `g, ${role}, ${other}`));
    const rules = roles.map((role) => `p, ${role}, x, admin, allow`);
    const policy = await read(lines(...rules, ...all, 'g, ann, role:0', 'p, role:other, y, consume, allow'));
    expect(policy.decide('ann', 'admin', 'x').isAllowed).toBe(true);
    // What no way leads to is known after all ways.
    expect(policy.decide('ann', 'consume', 'y').isAllowed).toBe(false);
  });

  it('knows names with commas and quotes, written as in any CSV', async () => {
    const policy = await read(
      lines('p, "Jürgen, the ""first""", news, consume, allow', 'p, a#b, news, consume, allow'),
    );
    expect(policy.decide('Jürgen, the "first"', 'consume', 'news').isAllowed).toBe(true);
    expect(policy.decide('a#b', 'consume', 'news').isAllowed).toBe(true);
    expect(policy.decide('Jürgen', 'consume', 'news').isAllowed).toBe(false);
  });

  it.each([0, 1])('lets a denial win, wherever it stands (%i)', async (at) => {
    const written = ['p, role:staff, *, consume, allow', 'g, intern, role:staff'];
    written.splice(at, 0, 'p, intern, secret-*, consume, deny');
    const policy = await read(lines(...written));
    expect(policy.decide('intern', 'consume', 'secret-1').isAllowed).toBe(false);
    expect(policy.decide('intern', 'consume', 'news').isAllowed).toBe(true);
  });

  it('takes a line without its last value for one that allows', async () => {
    const policy = await read(lines('p, root, *, produce', 'p, root, *, consume'));
    expect(policy.decide('root', 'produce', 'default').isAllowed).toBe(true);
    expect(policy.decide('root', 'admin', '*').isAllowed).toBe(false);
  });

  it('comes with a policy that gives root everything, and nobody else anything', async () => {
    const policy = await read(ourPolicy);
    for (const action of actions) {
      expect(policy.decide('root', action, 'default').isAllowed).toBe(true);
      expect(policy.decide('nobody', action, 'default').isAllowed).toBe(false);
    }
  });
});

describe('a decision', () => {
  it('names the line that made it', async () => {
    const policy = await read(lines('# who', '', 'p, root, *, produce, allow', 'p, root, secret, produce, deny'));
    expect(policy.decide('root', 'produce', 'news')).toEqual({
      isAllowed: true,
      line: { number: 3, text: 'p, root, *, produce, allow' },
      reason: 'line 3 of policy.csv allows it: p, root, *, produce, allow',
    });
    expect(policy.decide('root', 'produce', 'secret')).toMatchObject({ isAllowed: false, line: { number: 4 } });
    expect(policy.decide('root', 'consume', 'news')).toEqual({ isAllowed: false, reason: 'no line allows it' });
  });
});

describe('a literal model', () => {
  it('is asked for the log, then for *', async () => {
    const policy = await read('p, root, *, produce\np, root, *, consume', literalModel);
    expect(policy.decide('root', 'produce', 'default')).toMatchObject({ isAllowed: true, line: { number: 1 } });
    expect(policy.decide('root', 'consume', '*')).toMatchObject({ isAllowed: true, line: { number: 2 } });
    expect(policy.decide('nobody', 'produce', 'default').isAllowed).toBe(false);
    const named = await read(lines('p, ann, news, consume'), literalModel);
    expect(named.decide('ann', 'consume', 'news').isAllowed).toBe(true);
    expect(named.decide('ann', 'consume', 'other').isAllowed).toBe(false);
    expect(named.decide('ann', 'consume', '*').isAllowed).toBe(false);
  });

  it('lets a denial of either win', async () => {
    const deniesOne = await read(
      lines('p, root, *, consume, allow', 'p, root, secret, consume, deny'),
      literalModelWithDeny,
    );
    expect(deniesOne.decide('root', 'consume', 'secret')).toMatchObject({ isAllowed: false, line: { number: 2 } });
    expect(deniesOne.decide('root', 'consume', 'news').isAllowed).toBe(true);
    const deniesAll = await read(
      lines('p, root, news, consume, allow', 'p, root, *, consume, deny'),
      literalModelWithDeny,
    );
    expect(deniesAll.decide('root', 'consume', 'news')).toMatchObject({ isAllowed: false, line: { number: 2 } });
  });

  it('with regular expressions compiles each once, and never again for a decision', async () => {
    const model = literalModel.replace('r.obj == p.obj', 'regexMatch(r.obj, p.obj)');
    const policy = await read(lines('p, ann, ^[^s].*$, consume'), model);
    const compiled: unknown[] = [];
    const construct: ProxyHandler<RegExpConstructor>['construct'] = (target, values, newTarget) => {
      compiled.push(values[0]);
      return Reflect.construct(target, values, newTarget) as RegExp;
    };
    vi.stubGlobal('RegExp', new Proxy(RegExp, { construct }));
    const answers = ['news', 'weather', 'secret'].map((log) => policy.decide('ann', 'consume', log).isAllowed);
    vi.unstubAllGlobals();
    expect(answers).toEqual([true, true, false]);
    expect(compiled).not.toContain('^[^s].*$');
  });

  it('with patterns is not asked for *: a pattern that means some logs may match it', async () => {
    const model = literalModel.replace('r.obj == p.obj', 'regexMatch(r.obj, p.obj)');
    const policy = await read(lines('p, ann, ^[^s].*$, consume'), model);
    expect(policy.decide('ann', 'consume', 'news').isAllowed).toBe(true);
    expect(policy.decide('ann', 'consume', 'secret').isAllowed).toBe(false);
  });
});

describe('a model with priorities', () => {
  const model = ourModel
    .replace('p = sub, obj, act, eft', 'p = priority, sub, obj, act, eft')
    .replace(/e = .*/, 'e = priority(p.eft) || deny');

  it('lets the smallest number decide, wherever it stands', async () => {
    const policy = await read(lines('p, 10, ann, *, consume, deny', 'p, 9, ann, news, consume, allow'), model);
    expect(policy.decide('ann', 'consume', 'news')).toMatchObject({ isAllowed: true, line: { number: 2 } });
    expect(policy.decide('ann', 'consume', 'other')).toMatchObject({ isAllowed: false, line: { number: 1 } });
  });

  it('takes numbers only', async () => {
    await expect(read(lines('p, high, ann, *, consume, deny'), model)).rejects.toThrow(/line 1: expected an integer/);
  });
});

it('a long policy is read in slices, so that others have their turn between', async () => {
  const [model, policy] = [
    { text: ourModel, path: 'model.conf' },
    { text: 'p, ann, *, consume, allow\n'.repeat(1000), path: 'policy.csv' },
  ] as const;
  let turns = 0;
  await Policy.read(model, policy, actions, async () => {
    turns += 1;
  });
  expect(turns).toBeGreaterThanOrEqual(1000);
});

describe('a policy is refused, with the line, when', () => {
  it.each([
    ['it is empty', '', /empty/],
    ['it has only spaces', ' \n\n', /empty/],
    ['it has only comments', '# nothing\n', /no rule/],
    ['it has roles but no rule', 'g, ann, role:x\n', /no rule/],
    [
      'a line begins with something else',
      'p, root, *, produce, allow\nP, root, *, consume, allow\n',
      /line 2: expected a line that begins with "p,"/,
    ],
    ['a comma is missing', 'p, root, * produce, allow\n', /line 1/],
    ['a value is missing', 'p, root, *\n', /line 1: expected 3 or 4 values|line 1: expected 4/],
    ['a value is too much', 'p, root, *, produce, allow, x\n', /line 1/],
    ['a value is empty', 'p, , *, produce, allow\n', /line 1: a value is empty/],
    ['an action is misspelt', 'p, root, *, prodcue, allow\n', /no action "prodcue"/],
    ['an action is in capitals', 'p, root, *, Produce, allow\n', /no action "Produce"/],
    ['an effect is misspelt', 'p, root, *, produce, dney\n', /"allow" or "deny"/],
    ['a role is misspelt', 'p, role:a, *, produce, allow\ng, root, role:b\n', /line 2: no rule speaks of "role:b"/],
    ['* is inside a pattern', 'p, root, or*ders, produce, allow\n', /beginning of one/],
    ['a log cannot exist', 'p, root, ../etc, produce, allow\n', /neither a log's name/],
    ['a name has a space that nobody sees', 'p,\u00a0ann, *, consume, deny\n', /line 1: nobody can be called/],
    ['a name has a character that nobody sees', 'p, ann\u200b, *, consume, deny\n', /nobody can be called/],
    ['a node is misspelt', 'p, spiffe://Prod/node/n1, *, consume, deny\n', /not of the form spiffe/],
    [
      'a member of a role cannot be',
      'p, role:a, *, produce, deny\ng, ann\u00ad, role:a\n',
      /line 2: nobody can be called/,
    ],
    ['brackets do not match', 'p, root, (x, produce, allow\n', /line 1/],
  ])('%s', async (_, policy, why) => {
    await expect(read(policy)).rejects.toMatchObject({ code: 'policy', message: expect.stringMatching(why) });
  });

  it('a denial would do nothing', async () => {
    const model = literalModel.replace('p = sub, obj, act', 'p = sub, obj, act, eft');
    await expect(read(lines('p, root, *, produce, deny'), model)).rejects.toThrow(/heeds no denial/);
    await expect(read(lines('p, root, orders-*, produce'), literalModel)).rejects.toThrow(/matches no log/);
  });

  it('several lines are wrong: each is named', async () => {
    await expect(read('p, a, b\nx\np, root, *, fly, allow\n')).rejects.toThrow(/line 1: .*line 2: .*line 3: /);
  });

  it('the matcher cannot be run with one of the lines, wherever it stands', async () => {
    const model = literalModelWithDeny.replace('r.obj == p.obj', 'regexMatch(r.obj, p.obj)');
    const written = lines(
      'p, ann, ^news, consume, allow',
      'p, bob, ^news, consume, allow',
      'p, ann, [secret, consume, deny',
    );
    await expect(read(written, model)).rejects.toThrow(/policy\.csv: line 3: the matcher of model\.conf cannot be run/);
  });

  it('there are too many lines', async () => {
    await expect(read('p, root, *, produce, allow\n'.repeat(10_001))).rejects.toThrow(/10000 is the most/);
  });

  it('was cut short, wherever: the ones that we ship say how they end', async () => {
    // Without its last line feed a file is whole.
    for (let length = 0; length < ourPolicy.length - 1; length += 1) {
      await expect(read(ourPolicy.slice(0, length))).rejects.toMatchObject({ code: 'policy' });
    }
    for (let length = 0; length < ourModel.length - 1; length += 1) {
      await expect(read(ourPolicy, ourModel.slice(0, length))).rejects.toMatchObject({ code: 'policy' });
    }
  });

  it('was cut short, wherever in a model that others wrote', async () => {
    const denials = '!(r.obj == "audit" && r.sub != "root") && r.sub != "eve"';
    const model = `${literalModelWithDeny.trimEnd()} && ${denials}\n`;
    const policy = lines('p, bob, audit, consume, allow');
    await expect(read(policy, model)).resolves.toBeInstanceOf(Policy);
    for (let length = 0; length < model.length; length += 1) {
      await expect(read(policy, model.slice(0, length))).rejects.toMatchObject({ code: 'policy' });
    }
  });

  it('has a matcher that goes on in a next line which is not there', async () => {
    const model = literalModel.replace(/\n$/, ' &&\n');
    await expect(read(lines('p, bob, audit, consume'), model)).rejects.toMatchObject({
      code: 'policy',
      message: expect.stringMatching(/ends in an operator|cannot be run/),
    });
  });

  it('was cut short inside a line, whoever wrote it', async () => {
    const whole = 'p, ann, news, consume, allow\np, bob, news, consume, deny';
    for (let length = whole.indexOf('\n') + 2; length < whole.length; length += 1) {
      await expect(read(whole.slice(0, length))).rejects.toMatchObject({ code: 'policy' });
    }
  });
});

describe('a last line without its end', () => {
  const roles = ['p, role:op, news, consume, allow', 'p, role:operator, *, produce, allow'];
  const priorities = ourModel
    .replace('p = sub, obj, act, eft', 'p = sub, obj, act, eft, priority')
    .replace(/e = .*/, 'e = priority(p.eft) || deny');

  it.each([
    ['a role', 'g, ann, role:op', ourModel],
    ['a priority', 'p, ann, *, consume, deny, 1', priorities],
    ['an action that others begin with', 'p, ann, *, read', literalModel],
  ])('is refused when it ends in %s: it may be the beginning of another', async (_, last, model) => {
    const before = model === ourModel ? lines(...roles) : '';
    const all = new Set([...actions, 'read', 'read-all']);
    const readAll = (text: string) => Policy.read({ text: model, path: 'model.conf' }, { text, path: 'p.csv' }, all);
    await expect(readAll(before + last)).rejects.toThrow(/the file ends in the middle of a line/);
    await expect(readAll(`${before + last}\n`)).resolves.toBeInstanceOf(Policy);
  });

  it.each([
    ['an effect', 'p, ann, news, consume, deny', ourModel],
    ['an action', 'p, ann, news, consume', literalModel],
  ])('is taken when it ends in %s, which is never the beginning of another', async (_, last, model) => {
    await expect(read(last, model)).resolves.toBeInstanceOf(Policy);
  });
});

describe('a model is refused when', () => {
  it.each([
    ['it is empty', '', /empty/],
    ['it is no model', 'hello', /not a Casbin model/],
    [
      'a section is missing',
      literalModel.slice(0, literalModel.indexOf('[matchers]')),
      /missing required sections: matchers/,
    ],
    ['a section is misspelt', literalModel.replace('[matchers]', '[matcher]'), /line 10: expected one of the sections/],
    ['its matcher was cut short', literalModel.replace(' && r.act == p.act', ''), /never asks for r\.act/],
    ['its matcher was cut in a name', literalModel.replace('p.act\n', 'p.ac\n'), /p\.ac, which is not defined/],
    [
      'it takes patterns from who asks',
      literalModel.replace('r.obj == p.obj', 'regexMatch(p.obj, r.obj)'),
      /"regexMatch\(p_obj, ?r_obj\)" takes its pattern/,
    ],
    ['its matcher calls what there is not', literalModel.replace('r.obj ==', 'likes(r.obj) =='), /calls "likes"/],
    ['its matcher is no expression', literalModel.replace('&& r.obj', '&& == r.obj'), /cannot be run/],
    [
      'its effect is one by which Casbin loses denials',
      literalModelWithDeny.replace(/e = .*/, 'e = subjectPriority(p.eft) || deny'),
      /subjectPriority is not supported/,
    ],
    ['its effect is misspelt', literalModel.replace('allow)', 'alow)'), /effect/],
    ['its request has other fields', literalModel.replace('r = sub, obj, act', 'r = sub, act'), /found 2 fields/],
  ])('%s', async (_, model, why) => {
    await expect(read(lines('p, root, *, produce'), model)).rejects.toMatchObject({
      code: 'policy',
      message: expect.stringMatching(why),
    });
  });
});

describe('any bytes at all', () => {
  it('are a policy or a typed error', async () => {
    const piece = fc.constantFrom(
      'p',
      'g',
      ', ',
      'root',
      '*',
      'produce',
      'allow',
      'deny',
      '\n',
      '"',
      '(',
      '#',
      '\r',
      'role:x',
    );
    await fc.assert(
      fc.asyncProperty(
        fc.oneof(
          fc.array(piece).map((pieces) => pieces.join('')),
          fc.string(),
        ),
        async (text) => {
          const outcome = await read(text).catch((error: unknown) => error);
          expect(outcome instanceof Policy || (outcome instanceof AuthError && outcome.code === 'policy')).toBe(true);
        },
      ),
      { numRuns: 300, seed: Number(process.env.COMMITLOG_SEED ?? 1) },
    );
  });
});
