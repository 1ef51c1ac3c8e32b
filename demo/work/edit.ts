// What the demo's agents know how to do: edits of files in small steps.
//
// Always:    a step that is there already changes nothing, so it may be applied again: after a kill, and on top of
//            what others have landed meanwhile.

export type Step = {
  readonly file: string
  /** What the agent says while it does this. */
  readonly say: string
  /** The text with this step in it; the same text when it is there already. `null`: there is no such file. */
  apply(text: string | null): string
}

export type Work = {
  readonly title: string
  /** Places, counted from 0, of the beads that must have landed before. */
  readonly needs: readonly number[]
  readonly steps: readonly Step[]
  /** What is corrected when the gate has found the first submission wrong. */
  readonly corrections?: readonly Step[]
  /** The demo kills the agent that does this. */
  readonly killed?: true
  /** Time for one step, in ms: agents of the first three beads must be at work together for some seconds. */
  readonly stepMs: number
}

/** Lines that follow the first passage that equals `anchor`. */
export const insert = (file: string, say: string, anchor: string, lines: string): Step => ({
  file,
  say,
  apply(text) {
    if (text?.includes(lines)) return text
    if (!text?.includes(anchor)) throw new Error(`${file} has no passage ${JSON.stringify(anchor)}`)
    return text.replace(anchor, (found) => found + lines)
  },
})

/** Lines at the end of a file, which is made if need be. `there` tells that it is done. */
export const append = (file: string, say: string, lines: string, there = lines): Step => ({
  file,
  say,
  apply: (text) => (text?.includes(there) ? text : `${text ?? ''}${lines}`),
})

/** A passage instead of another. `there` tells that it is done. */
export const change = (file: string, say: string, there: string, from: RegExp, to: string): Step => ({
  file,
  say,
  apply(text) {
    if (text?.includes(there)) return text
    const changed = text?.replace(from, to) ?? ''
    if (changed === (text ?? '')) throw new Error(`${file} has nothing like ${from}`)
    return changed
  },
})
