import { spawnSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { expect, test } from 'vitest'

const ROOT = join(import.meta.dirname, '..', '..')

/** Files of a house in which every import but those marked `fine` goes the wrong way. */
const HOUSE: Readonly<Record<string, string>> = {
  'eventlog/log.ts': "import type { Fact } from '../src/events/fact.ts'\nexport type Log = Fact",
  'src/events/fact.ts': "export type Fact = 'fine'\nexport const fact = 'fine'",
  'src/ports/clock.ts': "import type { Town } from '../town/town.ts'\nexport type Clock = Town",
  'src/actors/machine.ts': "import type { Fact } from '../events/fact.ts'\nexport type Machine = Fact",
  'src/actors/mayor/mayor.ts':
    "export { z } from 'zod'\nexport { readFileSync } from 'fs'\nexport type Mayor = 1",
  'src/projections/beads.ts': "export type { Machine } from '../actors/machine.ts'",
  'src/system/turn.ts': "import type { Machine } from '../actors/machine.ts'\nexport type Turn = Machine",
  'src/system/roles.ts': "export type Role = import('../actors/mayor/mayor.ts').Mayor",
  'src/git/worker.ts': "export { spawn } from '../pty/spawn.ts'",
  'src/pty/spawn.ts': 'export const spawn = 1',
  'src/town/town.ts':
    "export { ClassicLevel } from 'classic-level'\nexport type Town = 1\nexport const town = 1",
  'src/api/server.ts': "import { main } from '../cli/main.ts'\nexport const server = main",
  'src/client/client.ts': "import { fact } from '../events/fact.ts'\nexport const client = fact",
  'src/client/types.ts': "export type { Fact } from '../events/fact.ts'",
  'src/client/other.ts': "export const open = () => import('../town/town.ts')",
  'src/client/embedded.ts':
    "export { town } from '../town/town.ts'\nexport const open = () => import('../town/town.ts')",
  'src/cli/main.ts': "export const main = 1\nexport { helper } from '../../test/helper.ts'",
  'src/cli/one.ts': "import { two } from './two.ts'\nexport const one = two",
  'src/cli/two.ts': "import type { one } from './one.ts'\nexport const two: typeof one = 1",
  'test/helper.ts': 'export const helper = 1',
}

const WRONG = [
  'eventlog/log.ts -> src/events/fact.ts',
  'src/actors/mayor/mayor.ts -> fs',
  'src/actors/mayor/mayor.ts -> zod',
  'src/api/server.ts -> src/cli/main.ts',
  'src/cli/main.ts -> test/helper.ts',
  'src/cli/one.ts -> src/cli/two.ts -> src/cli/one.ts',
  'src/client/client.ts -> src/events/fact.ts',
  'src/client/embedded.ts -> src/town/town.ts',
  'src/client/other.ts -> src/town/town.ts',
  'src/git/worker.ts -> src/pty/spawn.ts',
  'src/ports/clock.ts -> src/town/town.ts',
  'src/projections/beads.ts -> src/actors/machine.ts',
  'src/system/roles.ts -> src/actors/mayor/mayor.ts',
  'src/town/town.ts -> classic-level',
]

test('each import that goes outward is reported, types included, and no other', () => {
  const folder = mkdtempSync(join(tmpdir(), 'gt-imports-'))
  try {
    symlinkSync(join(ROOT, 'node_modules'), join(folder, 'node_modules'))
    for (const [path, text] of Object.entries(HOUSE)) {
      mkdirSync(dirname(join(folder, path)), { recursive: true })
      writeFileSync(join(folder, path), `${text}\n`)
    }
    const { stderr, status } = check(folder)
    const found = stderr
      .trim()
      .split('\n')
      .map((line) => line.slice(0, line.indexOf(': ')))
    const short = found.map((line) => line.replace(/-> \S*node_modules\/([\w-]+)\/\S*$/, '-> $1'))
    expect(new Set(short)).toEqual(new Set(WRONG))
    expect(status).toBe(1)
  } finally {
    rmSync(folder, { recursive: true })
  }
})

function check(folder: string) {
  return spawnSync(process.execPath, [join(ROOT, 'scripts', 'imports.ts'), folder], { encoding: 'utf8' })
}
