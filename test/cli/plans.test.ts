import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { type CliTown, createCliTown } from './town.ts'

const PLAN = {
  title: 'A cart',
  beads: [
    { key: 'a', rig: 'shop', title: 'Model', acceptance: ['it holds goods'], description: 'First.' },
    { key: 'b', rig: 'shop', title: 'Page', needs: ['a'] },
  ],
}

let town: CliTown
let folder: string
beforeEach(async () => {
  town = await createCliTown()
  folder = mkdtempSync(join(tmpdir(), 'gt-plan-'))
})
afterEach(async () => {
  await town.close()
  rmSync(folder, { recursive: true, force: true })
})

const file = (name: string, content: string): string => {
  writeFileSync(join(folder, name), content)
  return join(folder, name)
}

test('[PLAN-6] a plan is proposed, shown, changed as it was shown, and answered by its id', async () => {
  const first = (await town.gt('plan', 'propose', file('plan.json', JSON.stringify(PLAN)), '-q')).out.trim()
  expect((await town.gt('plan', 'show', first)).out).toBe(
    [
      `${first}  A cart  (proposed, by overseer)`,
      '',
      'a  shop  P2  Model',
      '    First.',
      '    - [ ] it holds goods',
      '',
      'b  shop  P2  Page',
      '    needs a',
      '',
      `gt answer ${first} file|sling|no`,
      '',
    ].join('\n'),
  )
  expect((await town.gt('inbox')).out).toContain('    | b  shop  P2  Page\n    |     needs a\n')
  const shown = (await town.gt('plan', 'show', first, '--json')).out.replace('"Page"', '"Page of it"')
  const second = (await town.gt('plan', 'propose', file('edited.json', shown), '-q')).out.trim()
  expect((await town.gt('plan', 'list', '--open', '-q')).out.trim()).toBe(second)
  const { out } = await town.gt('answer', second, 'file')
  expect(out).toMatch(new RegExp(`^${second}: filed as sh-\\w+, sh-\\w+\\.\n$`))
  expect((await town.gt('bead', 'list')).out).toContain('Page of it')
  expect((await town.gt('answer', first, 'file')).err).toContain(`plan ${second} stands in its place`)
})

test('a file that is no plan is refused with one sentence', async () => {
  const refused = async (content: string) =>
    (await town.gt('plan', 'propose', file('plan.json', content))).err.split('\n')[0]
  expect(await refused('{')).toContain('is no JSON')
  expect(await refused('[]')).toContain('A plan is one JSON object')
  expect(await refused('{"beads": []}')).toContain('The field "beads" does not fit')
  expect(await refused(JSON.stringify({ beads: [{ ...PLAN.beads[1] }] }))).toContain('There is no bead a.')
  expect((await town.gt('plan', 'show', 'p-nothing')).err).toContain('There is no plan p-nothing.')
})

test('a crew member is added, listed and started; to go there needs a terminal', async () => {
  expect((await town.gt('crew', 'list')).out).toContain('There is no crew member')
  expect((await town.gt('crew', 'add', 'ada')).out).toContain('gt crew at ada takes you there.')
  expect((await town.gt('crew', 'start', 'ada')).out).toBe('shop/crew/ada runs.\n')
  expect((await town.gt('crew', 'list')).out).toMatch(/ada +shop +thinking/)
  expect(await town.gt('crew', 'at', 'ada')).toMatchObject({ code: 2 })
  expect(await town.gt('mayor', 'attach')).toMatchObject({ code: 2 })
  expect(await town.gt('crew', 'remove', 'ada')).toMatchObject({ code: 1, out: '' })
  expect((await town.gt('crew', 'stop', 'ada')).out).toBe('shop/crew/ada is told to stop.\n')
  const ending = { kind: 'exited', exitCode: 0 } as const
  const messages = [{ to: 'shop/crew/ada/sessions/1', message: { type: 'session.exited', ending } }] as const
  await town.town.system.take({ id: 'end', by: 'host', messages })
  expect((await town.gt('crew', 'remove', 'ada')).err).toContain('has not handed in 1 commit')
  expect((await town.gt('crew', 'remove', 'ada', '--yes')).out).toBe(
    'shop/crew/ada is removed, with its branch crew/ada.\n' +
      'Its work is kept, 3 changed files: gt trash show shop.crew.ada.1\n' +
      'To have it again: gt trash restore shop.crew.ada.1\n',
  )
  expect((await town.gt('crew', 'list')).out).toContain('There is no crew member')
  expect((await town.gt('trash', 'list')).out).toMatch(/^shop\.crew\.ada\.1 +removed /m)
  expect((await town.gt('trash', 'show', 'ada.1')).out).toContain('worktree of shop/crew/ada, removed')
})
