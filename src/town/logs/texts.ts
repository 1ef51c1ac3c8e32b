// Which texts of a record are erased, and what is left of it then.
//
// Always:    no field, key, number or state is taken away, so whatever folds the record goes on; what names a thing or a
//            kind (`type`, `kind`, addresses, ids, commits) is no text unless somebody names that very text.

import { ERASED, type LogRecord } from '../../events/record.ts'

/** Fields that hold what somebody wrote. */
const TEXT_FIELDS: ReadonlySet<string> = new Set([
  'title',
  'description',
  'text',
  'note',
  'body',
  'message',
  'question',
  'answer',
  'said',
  'logTail',
  'prompt',
  'summary',
  'comment',
  'subject',
  'acceptance',
  'closeReason',
])
/** Of these only what is a sentence: some are one of a few words, on which decisions depend. */
const SENTENCES: ReadonlySet<string> = new Set(['reason', 'why', 'otherwise'])
/** What a reader goes by. */
const NAMES: ReadonlySet<string> = new Set(['type', 'kind'])

type Parts = Pick<LogRecord, 'message' | 'change' | 'facts' | 'effects' | 'refused'>

/** `null` when nothing in it is erased. */
export function withoutTexts(
  record: LogRecord,
  texts: readonly string[] | null,
): { readonly record: LogRecord; readonly erased: readonly string[] } | null {
  const erased = new Set<string>()
  const inText = (text: string): string => {
    let left = text
    for (const one of texts ?? []) {
      if (!left.includes(one)) continue
      erased.add(one)
      left = left.replaceAll(one, ERASED)
    }
    return left
  }
  const inField = (key: string, text: string): string => {
    if (texts !== null) return inText(text)
    const isText = TEXT_FIELDS.has(key) || (SENTENCES.has(key) && /\s/.test(text))
    if (!isText || text === '' || text === ERASED) return text
    erased.add(text)
    return ERASED
  }
  const walk = (key: string, value: unknown): unknown => {
    if (typeof value === 'string') return NAMES.has(key) ? value : inField(key, value)
    if (Array.isArray(value)) return value.map((each) => walk(key, each))
    if (value === null || typeof value !== 'object') return value
    return Object.fromEntries(Object.entries(value).map(([name, inner]) => [name, walk(name, inner)]))
  }
  const { message, change, facts, effects, refused } = record
  const left = walk('', { message, change, facts, effects, ...(refused && { refused }) }) as Parts
  return erased.size === 0 ? null : { record: { ...record, ...left }, erased: [...erased] }
}
