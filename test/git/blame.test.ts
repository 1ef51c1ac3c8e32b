import { join } from 'node:path'
import { expect, test } from 'vitest'
import { commit, RIG, sh, snapshot, town, write } from './town.ts'

const MESSAGE = 'Sum the cart\n\nBead: he-1\nReceipt: hermes/merge-requests/mr-1\nOrdered-by: Ada <ada@x>\n'

async function withTwoCommits() {
  const t = await town()
  const first = sh(t.home, 'rev-parse', 'HEAD')
  const second = commit(t.home, MESSAGE, {
    'src/b.txt': 'b\nsum of all\n',
    '-x.txt': 'dash\n',
    ':(glob)*.txt': 'magic\n',
  })
  sh(t.home, 'push', '-q', 'origin', 'main')
  await t.repos.targetHead(t.at)
  const of = (path: string, line: number, at = second) =>
    t.repos.blameLine({ rig: RIG, path, line, commit: at })
  return { t, first, second, of }
}

test('[GIT-32] each line has the commit it is of, with what its message says', async () => {
  const { first, second, of } = await withTwoCommits()
  expect(await of('src/b.txt', 1)).toMatchObject({ commit: first, text: 'b', bead: null, receipt: null })
  expect(await of('src/b.txt', 2)).toMatchObject({
    commit: second,
    text: 'sum of all',
    author: { name: 'p', email: 'p@x' },
    subject: 'Sum the cart',
    bead: 'he-1',
    receipt: 'hermes/merge-requests/mr-1',
  })
})

test('[GIT-32] what is not there as of that commit is refused with its name', async () => {
  const { first, of } = await withTwoCommits()
  for (const [path, line, at] of [
    ['src/b.txt', 3, undefined],
    ['src/none.txt', 1, undefined],
    ['src/b.txt', 2, first],
  ] as const)
    await expect(of(path, line, at)).rejects.toMatchObject({
      code: 'LINE_NOT_FOUND',
      message: expect.stringContaining(path),
    })
})

test('[GIT-32] no path is an option or a pattern, and none leads out of the repository', async () => {
  const { second, of } = await withTwoCommits()
  expect(await of('-x.txt', 1)).toMatchObject({ commit: second, text: 'dash' })
  expect(await of(':(glob)*.txt', 1)).toMatchObject({ commit: second, text: 'magic' })
  for (const path of ['../secret', '/etc/passwd', '', 'a/../../b', 'a\nb'])
    await expect(of(path, 1)).rejects.toMatchObject({ code: 'NAME_INVALID' })
  await expect(of('src/b.txt', 1, '--contents=/etc/passwd')).rejects.toMatchObject({ code: 'NAME_INVALID' })
})

test("[GIT-32] nothing of an agent's counts, and nothing is changed", async () => {
  const { t, first, of } = await withTwoCommits()
  const { path } = await t.add('nux')
  write(path, { 'src/b.txt': 'mine\n', '.gitattributes': '*.txt diff=evil\n' })
  sh(path, 'config', 'diff.evil.textconv', `touch ${join(t.dir, 'ran')}; cat`)
  const own = join(t.dir, 'rigs', RIG, 'refinery', 'git')
  const before = snapshot(own)
  expect(await of('src/b.txt', 1)).toMatchObject({ commit: first, text: 'b' })
  expect(snapshot(own)).toEqual(before)
  expect(() => sh(t.dir, 'hash-object', 'ran')).toThrow()
})
