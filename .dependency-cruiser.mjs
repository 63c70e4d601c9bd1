/**
 * The layers. Imports go down only: a package's sources import, of the workspace, what its row names and nothing else.
 * `runtime`, the outside world as interfaces, is below everything. scripts/layers.mjs runs these rules.
 *
 * @type {Record<string, string[]>}
 */
export const layers = {
  // apps
  cli: [
    'agent',
    'client',
    'replicated-log',
    'raft',
    'log',
    'membership',
    'auth',
    'api',
    'record',
    'timeline',
    'runtime',
  ],
  agent: ['replicated-log', 'raft', 'log', 'membership', 'auth', 'api', 'record', 'timeline', 'runtime'],
  // The SDK installs little.
  client: ['api', 'record', 'runtime'],
  // packages
  'replicated-log': ['raft', 'log', 'record', 'runtime'],
  raft: ['record', 'runtime'],
  log: ['record', 'runtime'],
  membership: ['runtime'],
  auth: ['runtime'],
  api: ['record', 'runtime'],
  record: ['runtime'],
  timeline: ['runtime'],
  runtime: [],
  // For tests, benches and simulated clusters: no row names it.
  simulation: ['runtime'],
};

/** What the hostile suite of a package may import besides, and its tests may not: a hostile client of ours needs a server of ours. */
const besideForHostile = /** @type {Record<string, string[]>} */ ({ auth: ['api', 'record'] });

/** What the tests, simulations, benches and examples of a package may import besides: a client is tried against servers, with certificates; a simulated run is drawn. */
const besideForTests = /** @type {Record<string, string[]>} */ ({ client: ['agent', 'auth'], raft: ['timeline'] });

/** Where the outside world may be Node's own rather than an interface. */
const mayUseNode = [
  '^packages/runtime/src/node/',
  '^apps/[^/]+/src/main\\.ts$',
  '^apps/[^/]+/src/node/',
  '^packages/simulation/src/main\\.ts$',
  '^(packages|apps)/[^/]+/sim/main\\.ts$',
  '^(packages|apps)/[^/]+/sim/[^/]+/main\\.ts$',
  '^(packages|apps)/[^/]+/(test|bench|examples|hostile|faults)/',
];

const anyOf = (/** @type {string[]} */ names) => `^(packages|apps)/(${names.join('|')})/`;
const sourcesOf = (/** @type {string} */ name) => `^(packages|apps)/${name}/src/`;
const hostileOf = (/** @type {string} */ name) => `^(packages|apps)/${name}/hostile/`;
const sources = '^(packages|apps)/[^/]+/src/';
const workspace = '^(packages|apps)/';
const forTests = ['simulation', 'runtime'];

/** @type {import('dependency-cruiser').IForbiddenRuleType[]} */
export const forbidden = [
  ...Object.entries(layers).flatMap(([name, below]) => [
    {
      name: `imports-go-down (${name})`,
      comment: `${name} may import ${below.join(', ') || 'no other package'}: see the table in .dependency-cruiser.mjs`,
      from: { path: sourcesOf(name) },
      to: { path: workspace, pathNot: anyOf([name, ...below, 'simulation']) },
    },
    {
      name: `imports-go-down (tests of ${name})`,
      comment: `tests of ${name} may import what ${name} may, and ${[...forTests, ...(besideForTests[name] ?? [])].join(' and ')}: see the table in .dependency-cruiser.mjs`,
      from: { path: anyOf([name]), pathNot: [sourcesOf(name), hostileOf(name)] },
      to: { path: workspace, pathNot: anyOf([name, ...below, ...forTests, ...(besideForTests[name] ?? [])]) },
    },
    {
      name: `imports-go-down (hostile suite of ${name})`,
      comment: `the hostile suite of ${name} may import what its tests may, and ${(besideForHostile[name] ?? []).join(' and ') || 'nothing else'}: see the table in .dependency-cruiser.mjs`,
      from: { path: hostileOf(name) },
      to: { path: workspace, pathNot: anyOf([name, ...below, ...forTests, ...(besideForHostile[name] ?? [])]) },
    },
  ]),
  {
    name: 'package-in-the-table',
    comment: 'a package that is not in the table of .dependency-cruiser.mjs has no layer: give it a row',
    from: { path: workspace, pathNot: anyOf(Object.keys(layers)) },
    to: {},
  },
  {
    name: 'simulation-is-for-tests',
    comment: 'sources never import @commitlog/simulation: it is not published. Tests, benches and sim/ may',
    from: { path: sources, pathNot: sourcesOf('simulation') },
    to: { path: anyOf(['simulation']) },
  },
  {
    name: 'node-comes-in-through-main',
    comment:
      "Node's files, sockets and clocks are for mains, tests, benches and examples; everything else takes interfaces",
    from: { pathNot: mayUseNode },
    to: { path: '^packages/runtime/src/node/' },
  },
  {
    name: 'by-name-not-by-path',
    comment: 'a package reaches another by its name and declared exports, never by a relative path',
    from: { path: '^(?:packages|apps)/([^/]+)/' },
    to: { path: workspace, pathNot: '^(?:packages|apps)/$1/', dependencyTypes: ['local'] },
  },
  {
    name: 'sources-stand-alone',
    comment: 'sources never import tests, benches, scripts or anything else outside of src/: it would not be published',
    from: { path: '^((?:packages|apps)/[^/]+)/src/' },
    to: {
      pathNot: ['^$1/src/', '^(packages|apps)/(?!$1/)[^/]+/src/'],
      dependencyTypes: ['local'],
      // What a package's own `imports` name is something else once it is published: that is what they are for.
      dependencyTypesNot: ['aliased-subpath-import'],
    },
  },
  {
    name: 'no-cycles',
    comment: 'of two files that import each other neither can be understood alone: move what both need into a third',
    from: {},
    to: { circular: true },
  },
  {
    name: 'found',
    comment:
      'not found, or not in the package.json of the package that imports it; of another package, only its exports are found',
    from: {},
    to: { couldNotResolve: true },
  },
  {
    name: 'declared',
    comment: 'not in the package.json of the package that imports it',
    from: {},
    to: { dependencyTypes: ['npm-no-pkg', 'npm-unknown'] },
  },
  {
    name: 'sources-use-dependencies',
    comment: 'who installs the package gets its dependencies, not its devDependencies',
    from: { path: sources },
    to: { dependencyTypes: ['npm-dev'] },
  },
];

/** @type {import('dependency-cruiser').IConfiguration} */
export default {
  forbidden,
  options: {
    // Types are dependencies too: a layer that knows another's types knows that layer.
    tsPreCompilationDeps: true,
    // Tools such as vitest are declared once, at the root.
    combinedDependencies: true,
    doNotFollow: { path: '(^|/)node_modules/' },
    exclude: { path: '^(packages|apps)/[^/]+/(dist|coverage)/' },
    enhancedResolveOptions: {
      exportsFields: ['exports'],
      conditionNames: ['@commitlog/source', 'node', 'import', 'types', 'default'],
    },
  },
};
