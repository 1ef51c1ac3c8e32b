import { readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { recordOf } from '../../src/events/upcasters.ts'
import { speaksOf } from '../../src/past/history.ts'
import type { WhyNode } from '../../src/past/why/node.ts'
import { story } from '../../src/past/why/story.ts'

const records = readFileSync('test/data/golden/first-slice.ndjson', 'utf8').trim().split('\n').map(recordOf)

const storyOf = (bead: string) =>
  story(
    bead,
    records.filter((record) => speaksOf(record, { owner: `beads/${bead}`, about: bead })),
    (seq) => records[seq - 1],
  )

const drawn = (nodes: readonly WhyNode[], indent = ''): string[] =>
  nodes.flatMap(({ summary, note, mail, children }) => [
    `${indent}${summary}${note === null ? '' : ` (${note})`}${mail.length === 0 ? '' : ` ${mail.join(' ')}`}`,
    ...drawn(children, `${indent}  `),
  ])

describe('[P3] why a bead is where it is', () => {
  test('an order, who took it, each attempt, what was found, and the landing hang below each other', () => {
    expect(drawn(storyOf('sh-3').tree)).toEqual([
      'bead sh-3 is made: Empty the cart',
      'bead sh-3 is queued in rig shop',
      '  bead sh-3 waits for no other bead any more (bead sh-1 by polecat nux has landed as fb07474)',
      '    bead sh-3 waits for a free place',
      '  polecat nux takes bead sh-3 (nux became free)',
      '    polecat nux works on bead sh-3 POLECAT_DONE',
      '      polecat nux submits bead sh-3 at 9ea1a13 MERGE_READY MERGE_FAILED',
      '        the Refinery gets bead sh-3 to land on main',
      '        the Refinery tests bead sh-3 on top of 1405df6',
      '        bead sh-3 did not pass test: test ended with exit code 1.',
      '    polecat nux works on bead sh-3 (attempt 2) (its work did not pass) POLECAT_DONE',
      '      polecat nux submits bead sh-3 at e0a29c2 MERGE_READY MERGED',
      '        the Refinery gets bead sh-3 to land on main',
      '        the Refinery tests bead sh-3 on top of 1405df6',
      '        the checks pass: test in 120 ms',
      '        bead sh-3 by polecat nux has landed as faee4d6',
    ])
  })

  test('a session that died and a person who was asked are told with what they led to', () => {
    const told = drawn(storyOf('sh-4').tree).join('\n')
    expect(told).toContain('attempt 2) (the session before it had died)')
    expect(told).toMatch(
      /^another try is asked for\n {2}question e-197 is answered.*\n {2}polecat slit works on/m,
    )
  })

  test('each line stands below an earlier one, and every other record is counted', () => {
    for (const bead of ['sh-1', 'sh-2', 'sh-3', 'sh-4']) {
      const { tree, folded } = storyOf(bead)
      const seqs: number[] = []
      const look = (node: WhyNode): void => {
        seqs.push(node.seq)
        for (const child of node.children) {
          expect(child.seq).toBeGreaterThan(node.seq)
          look(child)
        }
      }
      tree.forEach(look)
      expect(new Set(seqs).size).toBe(seqs.length)
      const all = records.filter((record) => speaksOf(record, { owner: `beads/${bead}`, about: bead }))
      expect(seqs.length + folded).toBe(all.length)
    }
  })
})
