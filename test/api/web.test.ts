import { expect, test } from 'vitest'
import type { GivenToken } from '../../src/api/town.ts'
import { createWeb } from '../../src/api/web.ts'
import { pageFiles } from '../../src/api/web-files.ts'

test('[WEB-2] a link is over after a minute, and what it would have let in holds no token', async () => {
  let now = Date.parse('2031-01-01T00:00:00Z')
  const made: GivenToken[] = []
  const noted: object[] = []
  const web = createWeb({
    townId: 't1',
    clock: { now: () => now, after: () => () => {} },
    tokens: {
      draft({ name, scopes }) {
        const given = { id: String(made.length), name, scopes, createdAt: '', expiresAt: null }
        return { ...given, token: `gtt_${given.id}`, keep: () => made.push(given) }
      },
      list: () => made,
      revoke: () => false,
    },
    authenticate: () => null,
    async note({ message }) {
      expect(made, 'who is let in is noted before they are').toEqual([])
      noted.push(message)
    },
    route: () => {
      throw new Error('nobody has a token')
    },
    files: () => pageFiles('/nowhere', '[]'),
  })
  const { port } = await web.listen({ host: '127.0.0.1', port: 0 })
  try {
    const visit = (path: string) => fetch(`http://127.0.0.1:${port}${path}`, { redirect: 'manual' })
    const { path: late } = web.newLink()
    now += 60_000
    expect((await visit(late)).status).toBe(403)
    expect(made).toEqual([])
    const { path } = web.newLink()
    now += 59_999
    expect((await visit(path)).status).toBe(303)
    expect(made).toMatchObject([{ name: 'dashboard', scopes: ['read'] }])
    expect(noted).toEqual([
      { type: 'town.giveToken', token: '0', name: 'dashboard', scopes: ['read'], until: null },
    ])
  } finally {
    await web.close()
  }
})
