// From `gt done` to landed, against the same git and gate commands by hand.

import { appendFileSync, mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { performance } from 'node:perf_hooks'
import { type Figure, median, ms } from './stats.ts'
import { type BenchTown, createBead, makeTown } from './town.ts'

const LANDINGS = 7
const OVER_MS_MAX = 250
const GATE = [process.execPath, '--test', 'test/']
const IDENTITY = ['-c', 'user.name=bench', '-c', 'user.email=bench@localhost']

const files = {
  'package.json': '{"name":"bench","type":"module"}\n',
  'src/sum.js': 'export const sum = (a, b) => a + b\n',
  'test/sum.test.js':
    "import test from 'node:test'\nimport assert from 'node:assert'\nimport { sum } from '../src/sum.js'\n" +
    "test('sums', () => assert.equal(sum(1, 2), 3))\n",
}

export async function doneToLanded(): Promise<Figure> {
  const script = 'echo "$GT_BEAD" > "$GT_BEAD.txt" && git add -A && git commit -qm "$GT_BEAD" && gt done'
  const town = makeTown({ agent: () => ['/bin/sh', '-c', script], gate: GATE, polecats: 1, files })
  try {
    const [landings, byHand]: [number[], number[]] = [[], []]
    for (let n = 0; n < LANDINGS; n += 1) {
      const bead = createBead(town, `Land ${n}`)
      town.gt('sling', bead, 'bench', '--wait=landed', '--timeout', '60s')
      landings.push(fromDoneToLanded(town, bead))
      byHand.push(landByHand(town, n))
    }
    const over = median(landings) - median(byHand)
    return {
      name: 'gt done to landed',
      found: `${ms(median(landings))}, ${ms(over)} more than by hand`,
      peer: `by hand ${ms(median(byHand))}, median of ${LANDINGS}`,
      asked: `at most ${OVER_MS_MAX} ms more`,
      holds: over <= OVER_MS_MAX,
    }
  } finally {
    town.close()
  }
}

/** From the record of `gt done` to the record that the target has it, by the log's own times. */
function fromDoneToLanded(town: BenchTown, bead: string): number {
  type Line = { at: string; facts: { type: string }[] }
  const history = town.gt('history', bead) as { records?: Line[] } | Line[]
  const records = Array.isArray(history) ? history : (history.records ?? [])
  const at = (type: string) => {
    const found = records.find(({ facts }) => facts.some((fact) => fact.type === type))
    if (found === undefined) throw new Error(`no ${type} in the history of ${bead}`)
    return Date.parse(found.at)
  }
  return at('BeadLanded') - at('AgentDone')
}

/** What a careful person would type: fetch, squash onto the target, run the gate on that tree, push, read back. */
function landByHand(town: BenchTown, n: number): number {
  const clone = join(town.root, 'by-hand')
  const git = (...args: string[]) => town.run(['git', ...IDENTITY, ...args], clone)
  if (n === 0) town.run(['git', 'clone', '-q', town.origin, clone], town.root)
  git('fetch', '-q', 'origin')
  git('checkout', '-q', '-B', `work-${n}`, 'origin/main')
  mkdirSync(join(clone, 'notes'), { recursive: true })
  writeFileSync(join(clone, 'notes', `${n}.txt`), `${n}\n`)
  appendFileSync(join(clone, 'src', 'sum.js'), `// ${n}\n`)
  git('add', '-A')
  git('commit', '-qm', `by hand ${n}`)

  const begun = performance.now()
  git('status', '--porcelain')
  git('fetch', '-q', 'origin')
  const tree = git('merge-tree', '--write-tree', 'origin/main', `work-${n}`).trim()
  const base = git('rev-parse', 'origin/main').trim()
  const commit = git('commit-tree', tree, '-p', base, '-m', `by hand ${n}`).trim()
  git('checkout', '-q', '--detach', commit)
  town.run(GATE, clone)
  git('push', '-q', `--force-with-lease=main:${base}`, 'origin', `${commit}:main`)
  git('ls-remote', 'origin', 'main')
  return performance.now() - begun
}
