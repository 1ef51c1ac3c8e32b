// The end of a command's output, small and safe to show.

/** Most bytes of a log tail: enough for a failing test's message and stack, small enough for a record. */
const LOG_TAIL_BYTES_MAX = 8_192

/** Memory of one running command's output, at least; it is cut to what is needed when it is full. */
const COLLECTED_BYTES_MAX = 256 * 1024

/** Collects output and keeps its end only, at most `max` bytes, however much comes. */
export function logTail(max = LOG_TAIL_BYTES_MAX): { add(chunk: Buffer): void; text(): string } {
  // Four times as much is needed, because what is neutralised gets shorter.
  const needed = 4 * max
  const full = Math.max(COLLECTED_BYTES_MAX, 2 * needed)
  let chunks: Buffer[] = []
  let length = 0
  return {
    add(chunk) {
      chunks.push(chunk)
      length += chunk.length
      if (length < full) return
      const kept = Buffer.concat(chunks).subarray(-needed)
      chunks = [Buffer.from(kept)]
      length = kept.length
    },
    text: () => lastBytes(neutralised(Buffer.concat(chunks).subarray(-needed).toString()), max),
  }
}

/** Text without terminal sequences; other control and direction characters become `·`. */
export function neutralised(text: string): string {
  return (
    text
      // OSC, DCS, APC, PM, SOS up to their end, then CSI, then two-character escapes.
      // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is looked for
      .replace(/\u001b[\]PX^_][^\u0007\u001b]*(?:\u0007|\u001b\\)?/g, '')
      // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is looked for
      .replace(/[\u001b\u009b]\[?[0-?]*[ -/]*[@-~]/g, '')
      .replace(/\r\n/g, '\n')
      // A progress line that was written over: its last state.
      .replace(/[^\n]*\r(?=[^\n])/g, '')
      .replace(/[^\P{C}\n\t]/gu, '·')
  )
}

function lastBytes(text: string, max: number): string {
  const bytes = Buffer.from(text.trimEnd())
  if (bytes.length <= max) return bytes.toString()
  const cut = bytes.subarray(-max)
  const line = cut.indexOf(0x0a)
  // Begins with a whole line, or at least with a whole character.
  if (line !== -1 && line < max / 2) return cut.subarray(line + 1).toString()
  return cut.toString().replace(/^\uFFFD+/, '')
}
