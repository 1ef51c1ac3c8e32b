// What a person who only watches is shown: a session keeps its own size, whatever their terminal has.
//
// Always: in a terminal that holds the screen, the output as it comes. In a smaller one the program's moves of the
//         cursor would go astray, so it is shown the last lines as text, cut at the edge, and one line that says so.

import type { HostClient } from './host-client.ts'
import type { AttachedInfo, Size } from './protocol.ts'

/** Between two looks at the screen, ms. */
const LOOK_MS = 100

export type Watching = {
  /** Also when the terminal has another size. */
  show(): Promise<AttachedInfo>
  stop(): void
}

/** `sizeOf`: of the person's terminal, null when it has none. */
export function watchSession(
  host: Pick<HostClient, 'attach' | 'peek'>,
  id: string,
  output: { write(data: string): unknown },
  sizeOf: () => Size | null,
): Watching {
  let round = 0
  let timer: NodeJS.Timeout | undefined

  const draw = async (size: Size, whole: Size, of: number): Promise<void> => {
    const lines = (await host.peek(id, size.rows - 1)).split('\n')
    if (of === round) output.write(cropped(lines, size, whole))
  }
  return {
    async show() {
      round += 1
      const mine = round
      clearTimeout(timer)
      timer = undefined
      // What comes before it is known how to show it.
      let early = ''
      let onOutput = (data: string): void => {
        early += data
      }
      const found = await host.attach(id, {
        watch: true,
        size: null,
        onOutput: (data) => {
          if (mine === round) onOutput(data)
        },
      })
      const size = sizeOf()
      if (size === null || (size.columns >= found.columns && size.rows >= found.rows)) {
        onOutput = (data) => void output.write(data)
        if (mine === round) output.write(`${WHOLE}${early}`)
      } else {
        onOutput = () => {
          timer ??= setTimeout(() => {
            timer = undefined
            draw(size, found, mine).catch(() => {})
          }, LOOK_MS)
        }
        if (mine === round) await draw(size, found, mine)
      }
      return found
    },
    stop() {
      round += 1
      clearTimeout(timer)
    },
  }
}

const WHOLE = '\x1b[?7h\x1b[?25h'
const CUT = '\x1b[?7l\x1b[?25l'

/** The last lines in a terminal of `size`; below them, when there is room for it, that there is more. */
function cropped(lines: readonly string[], { columns, rows }: Size, whole: Size): string {
  const room = Math.max(1, rows - 1)
  const shown = lines.slice(-room).map((line) => `\x1b[2K${[...line].slice(0, columns).join('')}`)
  const note = `cut: its screen is ${whole.columns}x${whole.rows}; Ctrl-\\ leaves`.slice(0, columns)
  const below = rows > 1 ? `\r\n\x1b[J\x1b[${rows};1H\x1b[7m${note}\x1b[0m` : ''
  return `${CUT}\x1b[0m\x1b[H${shown.join('\r\n')}${below}`
}
