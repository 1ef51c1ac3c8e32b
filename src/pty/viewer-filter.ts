// Live output of a program, for the terminal of a person who watches it.
//
// Owns:   which terminal sequences pass. Drawing passes. What sets the clipboard, the title or a link, prints,
//         or makes the terminal answer (the answer would come back as typed input) does not.
// Crosses: questions are answered by the emulator in screen.ts, so the program misses nothing.

/** Returns a function that takes the output in pieces and gives back what may be shown. */
export function viewerFilter(): (data: string) => string {
  let state: 'text' | 'escape' | 'control' | 'string' | 'stringEscape' = 'text'
  let sequence = ''
  return (data) => {
    let shown = ''
    for (const character of data) {
      const code = character.codePointAt(0) ?? 0
      if (state === 'string' || state === 'stringEscape') {
        if (code === BEL || code === ST || code === CAN || (state === 'stringEscape' && character === '\\'))
          state = 'text'
        else state = code === ESC ? 'stringEscape' : 'string'
      } else if (code === ESC) {
        state = 'escape'
        sequence = ''
      } else if (code === CAN || code === SUB) {
        state = 'text'
      } else if (state === 'text') {
        if (code === CSI) {
          state = 'control'
          sequence = ''
        } else if (C1_STRINGS.has(code)) state = 'string'
        else if (code >= 0xa0 || (code >= 0x20 && code < 0x7f) || C0_SHOWN.has(code)) shown += character
      } else if (code < 0x20 || code > 0x7e) {
        // A control character inside a sequence: terminals disagree about it, so it goes, the sequence stays.
      } else if (state === 'escape') {
        if (character === '[' && sequence === '') state = 'control'
        else if ('P]X^_'.includes(character) && sequence === '') state = 'string'
        else if (code < 0x30) sequence += character
        else {
          if (isDrawingEscape(sequence, character)) shown += `\x1b${sequence}${character}`
          state = 'text'
        }
      } else if (code < 0x40) {
        if (sequence.length < SEQUENCE_CHARACTERS_MAX) sequence += character
      } else {
        if (isDrawingControl(sequence, character)) shown += `\x1b[${sequence}${character}`
        state = 'text'
      }
    }
    return shown
  }
}

const ESC = 0x1b
const BEL = 0x07
const CAN = 0x18
const SUB = 0x1a
const CSI = 0x9b
const ST = 0x9c
const SEQUENCE_CHARACTERS_MAX = 256
/** DCS, SOS, OSC, PM and APC as single characters. */
const C1_STRINGS = new Set([0x90, 0x98, 0x9d, 0x9e, 0x9f])
/** Bell, backspace, tab, line feed, vertical tab, form feed, carriage return, shift out and in. */
const C0_SHOWN = new Set([0x07, 0x08, 0x09, 0x0a, 0x0b, 0x0c, 0x0d, 0x0e, 0x0f])

/** Save and restore, keypad modes, index and line moves, reset, and the choice of a character set. */
function isDrawingEscape(intermediate: string, final: string): boolean {
  return intermediate === '' ? '78=>DEHMc'.includes(final) : '()*+#'.includes(intermediate)
}

/** Moves, erasures, insertions, attributes, modes, scroll regions; of the private ones only those listed. */
function isDrawingControl(parameters: string, final: string): boolean {
  if (/^[0-9;:]*$/.test(parameters)) return '@ABCDEFGHIJKLMPSTXZ`abdefghlmrsu'.includes(final)
  if (/^\?[0-9;]*$/.test(parameters)) return 'hlJK'.includes(final)
  if (/^>[0-9;]*$/.test(parameters)) return final === 'm'
  return (/^[0-9]* $/.test(parameters) && final === 'q') || (parameters === '!' && final === 'p')
}
