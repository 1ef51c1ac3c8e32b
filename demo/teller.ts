// What the demo says: captions, and lines with the time at which they were said.

/** Columns of the screen that everything fits on. */
export const COLUMNS = 80

export interface Teller {
  /** One line before what belongs together. */
  act(caption: string): void
  line(text: string): void
  /** As it is, without a time. */
  plain(text: string): void
  seconds(): number
}

export function createTeller(
  write: (text: string) => void = (text) => void process.stdout.write(text),
): Teller {
  const startedAt = performance.now()
  const seconds = () => (performance.now() - startedAt) / 1_000
  let acts = 0
  return {
    act(caption) {
      acts += 1
      write(`\n${cut(`${acts}. ${caption}`)}\n`)
    },
    line: (text) => write(`${cut(`${seconds().toFixed(1).padStart(6)} s  ${text}`)}\n`),
    plain: (text) => write(`${text}\n`),
    seconds,
  }
}

export function cut(text: string): string {
  const line = text.replaceAll(/\s*\n\s*/g, ' ').trimEnd()
  return line.length <= COLUMNS ? line : `${line.slice(0, COLUMNS - 1)}…`
}
