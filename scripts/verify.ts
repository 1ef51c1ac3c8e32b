// Everything that must hold before a change is taken: `npm run verify`, or `npm run verify -- --no-tests`.
//
//   1. Every step runs, whatever the ones before it said; the end lists those that failed, with the cure.
//   2. The exit code is 0 only if all passed.
import { spawnSync } from 'node:child_process'
import { delimiter, dirname, join } from 'node:path'

type Step = { readonly name: string; readonly command: readonly [string, ...string[]]; readonly cure: string }

const TESTS: Step = {
  name: 'tests',
  command: ['vitest', 'run'],
  cure: 'run the one test that failed alone: npx vitest run <file> -t "<name>"',
}

const STEPS: readonly Step[] = [
  { name: 'format', command: ['biome', 'format'], cure: 'npm run format' },
  {
    name: 'lint',
    command: ['biome', 'lint', '--error-on-warnings'],
    cure: 'npm run lint -- --write repairs some; src/actors, projections, events and system are pure (CONTRIBUTING.md)',
  },
  { name: 'types', command: ['tsc', '-p', 'tsconfig.json'], cure: 'npm run typecheck shows the same' },
  {
    name: 'types of the page',
    command: ['tsc', '-p', 'src/web/tsconfig.json'],
    cure: 'npm run typecheck shows the same; what runs in a browser sees the DOM, and nothing of Node',
  },
  {
    name: 'import direction',
    command: ['node', 'scripts/imports.ts'],
    cure: 'move the code to the room it belongs to; who may import whom stands in scripts/import-rules.ts',
  },
  {
    name: 'spec tags',
    command: ['node', 'scripts/spec-tags.ts'],
    cure: 'a rule of a SPEC.md and a test name [TAG] must name each other',
  },
  {
    name: 'unused code',
    command: ['knip'],
    cure: 'remove it, or stop exporting it; entry points stand in knip.json',
  },
  TESTS,
]

const root = join(import.meta.dirname, '..')
const path = [join(root, 'node_modules', '.bin'), dirname(process.execPath), process.env.PATH ?? ''].join(
  delimiter,
)
const steps = process.argv.includes('--no-tests') ? STEPS.filter((step) => step !== TESTS) : STEPS

const failed = steps.filter((step) => !passes(step))
console.log('')
for (const step of failed) console.log(`${step.name} failed. Cure: ${step.cure}.`)
console.log(
  failed.length === 0
    ? `verify: all ${steps.length} steps hold.`
    : `verify: ${failed.length} of ${steps.length} steps failed.`,
)
process.exitCode = failed.length === 0 ? 0 : 1

function passes({ name, command: [program, ...args] }: Step): boolean {
  console.log(`\n== ${name}: ${[program, ...args].join(' ')}`)
  const began = performance.now()
  const { status, error } = spawnSync(program, args, {
    cwd: root,
    stdio: ['ignore', 'inherit', 'inherit'],
    env: { ...process.env, PATH: path },
  })
  if (error !== undefined) console.error(`${program} could not be started: ${error.message}`)
  const seconds = ((performance.now() - began) / 1000).toFixed(1)
  console.log(`== ${name}: ${status === 0 ? 'holds' : 'FAILED'} (${seconds} s)`)
  return status === 0
}
