import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { commit, ENV, merge, sh, town } from './town.ts'

const GATES = [
  { name: 'test', command: ['sh', '-c', 'cat src/a.txt && test -f src/new.txt'], timeoutMs: 10_000 },
  { name: 'lint', command: ['true'], timeoutMs: 10_000 },
]

for (const kind of ['origin', 'local'] as const) {
  test(`[GIT-6] [P8] work goes from a worktree to the target as one commit of the worker — ${kind}`, async () => {
    const t = await town(kind)
    const { path, branch, base, head: start } = await t.add('nux')
    expect(start).toBe(base)
    expect(sh(path, 'status', '--porcelain')).toBe('')
    commit(path, 'one', { 'src/new.txt': '1\n' })
    const head = commit(path, 'two', { 'src/new.txt': '2\n' })
    const state = await t.repos.inspectWorktree({ ...t.at, path, branch })
    expect(state).toEqual({ head, branch, dirty: [], commits: 2, target: base })
    const built = await t.repos.buildMerge({ ...t.at, ...merge(branch, head) })
    if (built.kind !== 'built') throw new Error(built.kind)
    const gates = await t.repos.runGates({
      ...t.at,
      commit: built.commit,
      setup: null,
      gates: GATES,
      env: ENV,
    })
    expect(gates.tree).toBe(built.tree)
    expect(gates.results.map(({ name, outcome, exitCode }) => [name, outcome, exitCode])).toEqual([
      ['test', 'passed', 0],
      ['lint', 'passed', 0],
    ])
    const landed = await t.repos.pushTarget({ ...t.at, base, commit: built.commit, head })
    expect(landed).toMatchObject({
      kind: 'landed',
      head: built.commit,
      patchId: expect.stringMatching(/^[0-9a-f]{40}$/),
    })
    expect(sh(t.remote.url, 'log', '-1', '--format=%an|%cn|%P|%T', 'main')).toBe(
      `hermes/polecats/nux|hermes/refinery|${base}|${built.tree}`,
    )
    if (kind === 'local') {
      expect(readFileSync(join(t.home, 'src/new.txt'), 'utf8')).toBe('2\n')
      expect(sh(t.home, 'status', '--porcelain')).toBe('')
    }
    const removal = { ...t.at, path, branch, head, landed: built.commit, name: 'nux-1' }
    expect(await t.repos.removeWorktree(removal)).toEqual({ removed: true, checkpoint: null })
    expect(existsSync(path)).toBe(false)
    expect(sh(join(t.dir, 'rigs/hermes/repo.git'), 'worktree', 'list').split('\n')).toHaveLength(1)
    expect(await t.repos.removeWorktree(removal)).toEqual({ removed: true, checkpoint: null })
  })
}
