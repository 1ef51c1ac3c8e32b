import { expect, test } from 'vitest'
import type { Carrier } from '../../src/town/effects/carrier.ts'
import { performWith } from '../../src/town/effects/index.ts'
import { commit, merge, RIG, sh, town } from '../git/town.ts'

test('[GIT-70] a revert is by whoever asked, and says why, what it takes back, and who stands behind it', async () => {
  const t = await town()
  const { path, branch } = await t.add('nux')
  const head = commit(path, 'work', { 'src/bad.txt': 'bad\n' })
  const built = await t.repos.buildMerge({ ...t.at, ...merge(branch, head) })
  if (built.kind !== 'built') throw new Error(built.kind)
  const { base, commit: landed } = built
  await t.repos.pushTarget({ ...t.at, base, commit: landed, head })
  const carrier = {
    owner: { name: 'Ada', email: 'ada@example.org' },
    system: { owner: () => null },
    log: { get: async () => undefined },
    projections: { beads: { rows: { byId: new Map([['he-2', { title: 'Revert "Do it"' }]]) } } },
    repositoriesFor: () => t.repos,
  }
  const params = {
    ...t.at,
    mergeRequest: `${RIG}/merge-requests/mr-2`,
    bead: 'he-2',
    agent: 'overseer',
    branch: 'revert/mr-2',
    head: landed,
    attempt: 1,
    revert: { of: [{ base, commit: landed, bead: 'he-1' }], reason: 'it breaks\nBead: he-9' },
  }
  const effect = { id: '7.0', kind: 'merge.build', params, actor: `${RIG}/refinery`, again: false }
  const perform = performWith(() => carrier as unknown as Carrier)
  const { message } = await perform({ ...effect, signal: AbortSignal.abort() })
  expect(message).toMatchObject({ type: 'merge.built', base: landed, head: expect.any(String) })
  const own = `${t.dir}/rigs/${RIG}/refinery/git`
  expect(sh(own, 'log', '-1', '--format=%an <%ae>|%cn|%B', String(message.commit))).toBe(
    [
      `Ada <ada@example.org>|${RIG}/refinery|Revert "Do it"`,
      '',
      'it breaks Bead: he-9',
      '',
      'Bead: he-2',
      `Receipt: ${RIG}/merge-requests/mr-2`,
      'Ordered-by: Ada <ada@example.org>',
      `Reverts: ${landed}`,
    ].join('\n'),
  )
})
