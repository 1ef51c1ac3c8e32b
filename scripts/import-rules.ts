// Who may import whom: the rooms of the house, and the packages that belong to one room.
//
// Owns:     the tables below. `npm run imports` checks them; an import of a type counts as an import.
// Does not: know files, except the one that is a door: src/client/embedded.ts.
//
//   1. A room that is not in a room's list may not be imported from it.
//   2. No import leads back to where it began.
import type { DependencyType, IForbiddenRuleType } from 'dependency-cruiser'

/** Each room, and what it may import besides itself and npm packages. An entry is a regular expression on paths. */
const ROOMS: Readonly<Record<string, readonly string[]>> = {
  eventlog: [],
  'src/events': [],
  'src/ports': ['src/events/'],
  'src/actors': ['src/events/'],
  'src/projections': ['src/events/'],
  // Files directly in actors/ and projections/ are about any owner or fold; the roles are folders of their own.
  'src/system': ['src/events/', 'src/ports/', 'eventlog/', 'src/actors/[^/]+$', 'src/projections/[^/]+$'],
  // Questions about the past, as pure as what they ask about.
  'src/past': ['src/events/', 'src/projections/', 'src/system/', 'eventlog/types\\.ts$'],
  'src/pty': ['src/events/', 'src/ports/'],
  // Finding processes by their marker is one file per system, and both adapters need it.
  'src/git': ['src/events/', 'src/ports/', 'src/pty/processes\\.ts$'],
  'src/api': [
    'src/events/',
    'src/ports/',
    'src/projections/',
    'src/system/',
    'src/past/',
    'eventlog/types\\.ts$',
  ],
  'src/town': ['eventlog/', 'src/(events|ports|actors|projections|system|past|pty|git|api|client)/'],
  'src/client': ['src/events/', 'src/town/'],
  'src/cli': ['src/client/', 'src/events/'],
  'src/web': ['src/client/', 'src/events/'],
  demo: [],
  // Real agent programs are measured against the models that they are tested with.
  bench: ['eventlog/', 'src/(?!cli/)', 'scripts/', 'test/(agents|sim|support)/'],
  test: ['eventlog/', 'src/', 'scripts/', 'demo/', 'bench/'],
  // Charts are drawn from the machines.
  scripts: ['src/actors/'],
}

/** Packages that only the named place may import. The rest of the house sees an interface of that room. */
const PACKAGES: Readonly<Record<string, string>> = {
  '(classic-level|abstract-level)': '^eventlog/',
  'node-pty': '^src/pty/',
  'simple-git': '^src/git/',
  fastify: '^src/api/',
}

/** All packages that a pure room may import. */
const PURE: Readonly<Record<string, string>> = {
  'src/events': '(zod|nanoid)',
  'src/actors': 'xstate',
  'src/projections': '@xstate/store',
  'src/system': '(xstate|@xstate/store)',
  'src/ports': '(?!)',
}

const OURS = '^(eventlog|src|demo|bench|test|scripts)/'
const TYPE_ONLY: DependencyType[] = ['type-only', 'type-import']
const inPackage = (names: string) => `(^|/)node_modules/${names}/`

export const SOURCE_RULES: readonly IForbiddenRuleType[] = [
  ...Object.entries(ROOMS).map(
    ([room, allowed]): IForbiddenRuleType => ({
      name: room,
      comment: `${room}/ may import ${allowed.length === 0 ? 'nothing else of ours' : `only ${allowed.join(', ')}`}`,
      severity: 'error',
      from: { path: `^${room}/` },
      to: { path: OURS, pathNot: [`^${room}/`, ...allowed.map((path) => `^${path}`)] },
    }),
  ),
  ...Object.entries(PACKAGES).map(
    ([names, home]): IForbiddenRuleType => ({
      name: names,
      comment: `only ${home.slice(1)} knows this package; use that room's interface`,
      severity: 'error',
      from: { path: '^(eventlog|src)/', pathNot: home },
      to: { path: inPackage(names) },
    }),
  ),
  ...Object.entries(PURE).map(
    ([room, names]): IForbiddenRuleType => ({
      name: `${room} packages`,
      comment: `of npm packages, ${room}/ may import ${names === '(?!)' ? 'none' : names}`,
      severity: 'error',
      from: { path: `^${room}/` },
      to: { path: '(^|/)node_modules/', pathNot: inPackage(names) },
    }),
  ),
  {
    name: 'no i/o in the core',
    comment:
      'actors, projections, events, system and past use no module of Node: ask for an effect, or take a port',
    severity: 'error',
    from: { path: '^src/(actors|projections|events|system|past)/' },
    to: { dependencyTypes: ['core'] },
  },
  {
    name: 'types from events',
    comment: 'the client loads no schemas: import types only (`import type`)',
    severity: 'error',
    from: { path: '^src/client/' },
    to: { path: '^src/events/', dependencyTypesNot: TYPE_ONLY },
  },
  {
    name: 'one door to the town',
    comment: 'of the client, only src/client/embedded.ts may open a town in its own process',
    severity: 'error',
    from: { path: '^src/client/', pathNot: '^src/client/embedded\\.ts$' },
    to: { path: '^src/town/' },
  },
  {
    name: 'the town is loaded late',
    comment: 'src/client/embedded.ts loads the town with `await import(…)`, when it is needed',
    severity: 'error',
    from: { path: '^src/client/embedded\\.ts$' },
    to: { path: '^src/town/', dependencyTypesNot: ['dynamic-import', ...TYPE_ONLY] },
  },
  {
    name: 'circle',
    comment: 'an import leads back to where it began: move what both need into a third file',
    severity: 'error',
    // The parts of the simulated world know its whole by type; nobody builds on them.
    from: { pathNot: '^test/' },
    to: { circular: true },
  },
]
