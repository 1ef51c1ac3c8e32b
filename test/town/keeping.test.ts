import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test, vi } from 'vitest'
import { COMMIT, GT, git, makeTown, untilFile } from '../support/town.ts'

// Everything here takes seconds, and other tests may have the machine.
vi.setConfig({ testTimeout: 90_000 })

const usual = `printf 'half\\r\\n\\001' > half.bin; mkdir -p deep; echo deep > deep/new.txt; echo changed >> README.md`

test('[TOWNUP-44] [P5] what an agent had not committed when it was killed is kept, and comes back byte for byte', async () => {
  const town = await makeTown()
  await town.up()
  const go = join(town.temp, 'go')
  // The second session finds what the first one left.
  await town.agent(
    'dies',
    `if [ -e half.bin ]; then ${untilFile(go)}; rm half.bin; ${COMMIT}; ${GT} done; exit 0; fi
${usual}; kill -9 $$`,
  )
  await town.addRig(['true'])
  const bead = await town.bead('Dies')
  await town.sling([bead], 'dies')
  const kept = await town.fact('it is kept', 'WorktreeCheckpointed', { bead })
  expect(kept).toMatchObject({ cause: 'stop' })
  expect(kept.files).toBeGreaterThanOrEqual(2)
  await town.until('the next one begins after it', () => town.facts('AttemptBegun').length === 2)

  const { body } = await town.get('/v1/trash')
  const [entry] = body.items as { id: string; bead: string }[]
  expect(entry).toMatchObject({ bead, kind: 'checkpoint' })
  const folder = join(town.temp, 'back')
  await town.command('trash.restore', { entry: entry?.id, folder })
  const worktree = String(town.facts('WorktreeAdded')[0]?.path)
  for (const file of ['half.bin', 'deep/new.txt', 'README.md'])
    expect(readFileSync(join(folder, file))).toEqual(readFileSync(join(worktree, file)))
  await town.close()
})

test('[TOWNUP-45] [P5] a nuked polecat is brought back with what it had not committed, also after a restart', async () => {
  const town = await makeTown()
  await town.up()
  const go = join(town.temp, 'go')
  await town.agent(
    'slow',
    `if [ -e half.bin ]; then ${untilFile(go)}; rm half.bin; ${COMMIT}; ${GT} done; exit 0; fi
${COMMIT}; ${usual}; echo .env > .gitignore; echo SECRET=mine > .env; touch "${town.temp}/wrote"; exec sleep 643`,
  )
  await town.addRig(['true'])
  const bead = await town.bead('Slow')
  await town.sling([bead], 'slow')
  await town.until('it wrote', () => existsSync(join(town.temp, 'wrote')))
  const [made] = town.facts('WorktreeAdded')
  const path = String(made?.path)
  const branch = String(made?.branch)
  const before = git(path, 'status', '--porcelain', '-uall')
  const head = git(path, 'rev-parse', 'HEAD')
  const agent = String(town.facts('AttemptBegun')[0]?.agent)

  expect((await town.post('/v1/commands/polecat.nuke', { agent })).body).toMatchObject({
    code: 'WORK_NOT_SUBMITTED',
  })
  await town.command('polecat.nuke', { agent, yes: true })
  expect(existsSync(path)).toBe(false)
  expect((await town.get(`/v1/beads/${bead}`)).body).toMatchObject({ status: 'open' })
  await town.kill()
  await town.up()

  expect(await town.command('polecat.undo', { agent })).toMatchObject({ bead, branch, worktree: path })
  await town.until('it is there again', () => town.facts('AttemptBegun').length === 2)
  expect(git(path, 'status', '--porcelain', '-uall')).toBe(before)
  expect(git(path, 'rev-parse', 'HEAD')).toBe(head)
  expect(git(path, 'branch', '--show-current')).toBe(branch)
  expect(readFileSync(join(path, '.env'), 'utf8')).toBe('SECRET=mine\n')
  await town.close()
})
