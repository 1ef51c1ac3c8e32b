// The line that is typed for a nudge, and how it is known again in a prompt.
//
// Owns:      ids, the two forms of the line, and finding an id in what a runtime says was submitted.
// Does not:  type anything, or know who has which nudge.
// Always:    one line of at most 700 bytes that no program takes for a command: it begins with `gt `, holds no control
//            character, and ends with neither a backslash nor a blank.

/** Letters and digits behind `n-`. */
export const NUDGE_ID_LENGTH = 8
/** Characters of a text that is typed whole; a box shows so many without a placeholder, in every runtime. */
const WHOLE_MAX = 300
const BYTES_MAX = 700

const ID = 'n-[0-9a-z]{6,8}'
/** What a runtime puts before a line: blanks, its tags, its prompt sign. */
const AT_ITS_PLACE = new RegExp(`(?:^|[\\n>\u276f])\\s*gt (${ID}): `)
/** Somewhere behind what a person had typed: the text was read all the same. */
const ANYWHERE = new RegExp(`(?<![\\w-])gt (${ID}): `)

/** The line for a nudge. `from` is an address. */
export function nudgeLine(id: string, from: string, text: string): string {
  const whole = `gt ${id}: ${text} (from ${from})`
  return isTypedWhole(text) && fits(whole) ? whole : named(id, from, text)
}

/** Whether the line of this nudge holds all of its text. */
export const lineHoldsWhole = (id: string, from: string, text: string): boolean =>
  nudgeLine(id, from, text) === `gt ${id}: ${text} (from ${from})`

/** The id that a submitted prompt names, or null; the runtime may have put tags and blanks around the line. */
export function nudgeNamedIn(prompt: string): string | null {
  const [, id] = AT_ITS_PLACE.exec(prompt) ?? ANYWHERE.exec(prompt) ?? []
  return id ?? null
}

const named = (id: string, from: string, text: string): string =>
  `gt ${id}: a message of ${thousands(text.length)} characters from ${from}; its text is with this prompt, or run: gt nudge read ${id}`

/** One line as a person would type it: no controls, no invisible marks, no blanks at the ends that a box would lose. */
const isTypedWhole = (text: string): boolean =>
  text.length <= WHOLE_MAX && !/[\p{C}\p{Zl}\p{Zp}]/u.test(text) && text.trim() === text && !/ {2}/.test(text)

const fits = (line: string): boolean => Buffer.byteLength(line) <= BYTES_MAX

const thousands = (count: number): string => String(count).replace(/\B(?=(\d{3})+$)/g, ',')
