// Where the person is: what is open, and as of when. The URL holds all of it, so that a link leads there again.

export type Tab = 'history' | 'chart' | 'why'
export type Open = { readonly kind: 'bead' | 'agent' | 'rig' | 'mr'; readonly id: string }

export type Place = {
  /** Seq of the last record that counts; null is now. */
  readonly at: number | null
  readonly open: Open | null
  readonly tab: Tab
  /** What the ids or titles of the listed beads have in them; empty: anything. */
  readonly find: string
  /** Where the listed page of beads begins, as the town named it; null: at those that moved last. */
  readonly page: string | null
}

export const HOME: Place = { at: null, open: null, tab: 'history', find: '', page: null }

const KINDS = ['bead', 'agent', 'rig', 'mr'] as const
const TABS: readonly Tab[] = ['history', 'chart', 'why']

export function placeOf(search: string): Place {
  const query = new URLSearchParams(search)
  const at = query.get('at') ?? ''
  const kind = KINDS.find((each) => query.get(each))
  const tab = TABS.find((each) => each === query.get('tab')) ?? 'history'
  return {
    at: /^\d{1,15}$/.test(at) ? Number(at) : null,
    open: kind === undefined ? null : { kind, id: query.get(kind) ?? '' },
    tab,
    find: query.get('find') ?? '',
    page: query.get('page'),
  }
}

/** `?bead=sh-4f&tab=chart&at=120`; of where nothing is open and nothing past, `/`. */
export function searchOf({ at, open, tab, find, page }: Place): string {
  const query = new URLSearchParams()
  if (open !== null) {
    query.set(open.kind, open.id)
    if (tab !== 'history') query.set('tab', tab)
  }
  if (at !== null) query.set('at', String(at))
  if (find !== '') query.set('find', find)
  if (page !== null) query.set('page', page)
  const text = query.toString()
  return text === '' ? '/' : `/?${text}`
}
