import { describe, expect, test } from 'vitest'
import { code, packetMarkdown, plain } from '../../src/api/packet/markdown.ts'
import type { Packet } from '../../src/api/packet/packet.ts'
import { criteriaIn, fitsOne, pathsIn } from '../../src/api/packet/stated.ts'

const PACKET: Packet = {
  id: 'mr-1',
  mergeRequest: 'shop/merge-requests/mr-1',
  rig: 'shop',
  branch: 'polecat/nux/sh-1.1',
  target: 'main',
  worker: 'shop/polecats/nux',
  orderedBy: 'overseer',
  state: 'landed',
  reason: null,
  bead: { id: 'sh-1', title: 'Fix the cart', status: 'closed' },
  base: 'b'.repeat(40),
  head: 'a'.repeat(40),
  commit: 'c'.repeat(40),
  landedAt: '2027-01-01T10:00:00.000Z',
  criteria: [
    { text: 'the sum is right', done: true, evidence: ['test/sum.test.ts @ada'] },
    { text: 'it is quick', done: false, evidence: [] },
  ],
  evidence: ['npm test is green'],
  resolved: { by: 'rerere', files: ['src/cart/sum.ts'] },
  paths: ['src/cart'],
  reviews: [],
  gates: [
    {
      name: 'test',
      command: ['npm', 'test'],
      exitCode: 0,
      durationMs: 1_200,
      outcome: 'passed',
      tests: { ran: 124, red: [], skipped: 1, complete: true },
    },
  ],
  tests: { before: { ran: 120, red: 0, skipped: 1 }, after: { ran: 124, red: 0, skipped: 1 } },
  attempts: [
    { n: 1, at: '2027-01-01T09:00:00.000Z', outcome: 'failed', reason: 'test failed' },
    { n: 2, at: '2027-01-01T09:30:00.000Z', outcome: 'landed', reason: null },
  ],
  cost: {
    tokens: { input: 1, output: 2, cacheRead: 3, cacheWrite: 4 },
    costUsd: 3.4,
    requests: 2,
    unpriced: 1,
  },
  seq: 40,
  change: {
    files: [
      { path: 'src/cart/sum.ts', added: 4, removed: 1 },
      { path: 'README.md', added: 1, removed: 0 },
    ],
    changed: 2,
    added: 5,
    removed: 1,
  },
  changeWhy: null,
  outside: ['README.md'],
  links: [{ what: 'what led to it', command: 'gt why sh-1' }],
}

describe('what a bead states', () => {
  test('criteria are the boxes below a heading that speaks of acceptance; without one, all boxes', () => {
    const text =
      'Do it.\n- [ ] not this\n\n## Acceptance\n\n- [ ] one\n* [X] two\n- no box\n\n## Notes\n- [ ] nor this'
    expect(criteriaIn(text)).toEqual([
      { text: 'one', done: false },
      { text: 'two', done: true },
    ])
    expect(criteriaIn('- [ ] alone')).toEqual([{ text: 'alone', done: false }])
    expect(criteriaIn('nothing')).toEqual([])
  })

  test('paths are listed below a heading or in one line; most beads state none', () => {
    expect(pathsIn('## Files\n- `src/cart/**` for the sum\n- docs/cart.md\n## Other\n- x.ts')).toEqual([
      'src/cart/**',
      'docs/cart.md',
    ])
    expect(pathsIn('Fix it.\nPaths: src/a.ts, `b/`\n')).toEqual(['src/a.ts', 'b/'])
    expect(pathsIn('It lies on paths: of all kinds')).toBeNull()
    for (const [path, stated, fits] of [
      ['src/cart/sum.ts', ['src/cart'], true],
      ['src/cart/sum.ts', ['./src/cart/'], true],
      ['src/cart/a/sum.ts', ['src/cart/**'], true],
      ['src/cartoon.ts', ['src/cart'], false],
      ['docs/x.md', ['*.md'], false],
    ] as const)
      expect([path, stated, fitsOne(path, stated)]).toEqual([path, stated, fits])
  })
})

describe('as Markdown', () => {
  test('it says what changes, the criteria, gates, tests, attempts and cost', () => {
    const text = packetMarkdown(PACKET)
    for (const line of [
      '## Fix the cart',
      'Bead `sh-1` of `shop`, **landed** on `main` as `cccccccccccc`.',
      'Made by `shop/polecats/nux`, ordered by `overseer`.',
      '2 files, +5 −1 lines',
      '- `src/cart/sum.ts` +4 −1',
      '**1 file outside of the paths that the bead states:**',
      '- [x] the sum is right',
      '  - the worker: test/sum.test.ts @\u2060ada',
      '- [ ] it is quick',
      '  - no evidence given',
      '  - the worker: npm test is green',
      '**It conflicted, and `rerere` settled that in `src/cart/sum.ts`.**',
      '- test: **passed**, 1.2 s: `npm test`',
      'Tests: 120 before, 124 after',
      '- 1: failed: test failed (2027-01-01 09:00)',
      '10 tokens, $3.40, 1 request without a price',
      '- what led to it: `gt why sh-1`',
    ])
      expect(text.split('\n')).toContain(line)
    const review = {
      gate: 'quality',
      outcome: 'failed' as const,
      session: 'shop/reviews/mr-1/sessions/1',
      by: 'shop/reviews/mr-1/sessions/1',
      preset: 'claude',
      model: 'm-1',
      commit: 'c'.repeat(40),
      tree: 'd'.repeat(40),
      note: 'it drops *an* item',
      findings: [{ path: 'src/cart.ts', line: 12, text: 'the last @one' }],
      at: '2027-01-01T09:00:00.000Z',
      tokens: 10,
      costUsd: 0.1,
    }
    const reviewed = packetMarkdown({ ...PACKET, reviews: [review] })
    expect(reviewed).toContain('- quality: **failed** by `m-1`: it drops \\*an\\* item')
    expect(reviewed).toContain('  - `src/cart.ts:12` the last @\u2060one')
    const bare = packetMarkdown({
      ...PACKET,
      criteria: [],
      resolved: null,
      gates: [],
      tests: { before: null, after: null },
      cost: null,
    })
    expect(bare).toContain('Tests: not counted before, not counted after')
    expect(bare).toContain('None are stated.')
  })

  test('what an agent wrote marks nothing up, is no HTML, and names no person, team, issue or page', () => {
    expect(plain('<img src=x onerror=1> & [a](javascript:x) **b** `c`')).toBe(
      '&lt;img src=x onerror=1&gt; &amp; \\[a\\]\\(javascript:x\\) \\*\\*b\\*\\* \\`c\\`',
    )
    for (const nasty of [
      '@octocat',
      'cc @org/team',
      'Fixes #12',
      'closes gh-12',
      'see https://evil.example',
      'www.evil.example',
    ])
      expect(plain(nasty)).not.toMatch(/@\w|#\d|gh-\d|:\/\/|www\.\w/i)
    for (const [text, marked] of [
      ['# big', /^#/],
      ['- item', /^-/],
      ['1. one', /^1\./],
      ['> said', /^>/],
    ] as const)
      expect(plain(text)).not.toMatch(marked)
    expect(plain('a\n\n## b\u202ec\u0007')).not.toMatch(/[\p{Cc}\u202e]/u)
    expect(code('a`b\n@c')).toBe("`a'b @c`")
    const evil = packetMarkdown({
      ...PACKET,
      bead: { ...PACKET.bead, title: 'x\n\n@octocat <script>' },
      criteria: [{ text: '] @octocat\n- [x] forged', done: false, evidence: ['@octocat\n- [x] forged'] }],
      evidence: ['@octocat <script'],
      change: { files: [{ path: 'a`\n@octocat', added: 1, removed: 0 }], changed: 1, added: 1, removed: 0 },
    })
    // In a code span alone.
    expect(evil.replace(/`[^`\n]*`/g, '')).not.toMatch(/@octocat|<script|^- \[x\] forged/m)
  })

  test('it is never longer than a forge takes', () => {
    const many = <T>(one: T): T[] => Array.from({ length: 2_000 }, () => one)
    const text = packetMarkdown({
      ...PACKET,
      criteria: many({ text: '&'.repeat(5_000), done: false, evidence: many('<'.repeat(500)) }),
      outside: many('x'.repeat(4_000)),
      attempts: many({ n: 1, at: '2027-01-01T09:00:00.000Z', outcome: 'failed', reason: '<'.repeat(9_000) }),
    })
    expect(text.length).toBeLessThan(61_000)
    expect(text).toContain('`gt mq packet mr-1`')
  })
})
