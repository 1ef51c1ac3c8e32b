// The thread in which an expression is looked at: it may be ended at any instant, whatever it is doing.
//
// Always:    the same expression over the same document is the same value tomorrow: the clock stands at the moment that
//            is asked about, and nothing random is at hand.

import { parentPort, workerData } from 'node:worker_threads'
import type { Compiled, ExpressionFault, FromExpression, ToExpression } from './expression.ts'

const port = parentPort
if (port === null) throw new Error('Broken invariant: an expression is a thread of its own')
const say = (message: FromExpression): void => port.postMessage(message)

let now = 0
/** `new Date()` and Date.now() are the moment that is asked about. */
globalThis.Date = class extends Date {
  constructor(...given: readonly unknown[]) {
    super(...((given.length === 0 ? [now] : given) as [number]))
  }
  static override now(): number {
    return now
  }
} as DateConstructor
Math.random = () => {
  throw Object.assign(new Error('Nothing random may be asked: the answer must be the same tomorrow.'), {
    code: 'RANDOM',
  })
}

/** Functions that look names up, or at whatever there is. */
const LOOKERS: ReadonlySet<string> = new Set(['eval', 'lookup', 'keys', 'spread', 'each', 'sift'])
const CLOCKS: ReadonlySet<string> = new Set(['now', 'millis', 'toMillis', 'eval'])

// No `await` at the top of this file: a thread that is ended while that is pending takes its whole process with it.
void begin()

async function begin(): Promise<void> {
  const { text } = workerData as { readonly text: string }
  try {
    // After the clock: it must not keep the real one.
    const { default: jsonata } = await import('jsonata')
    const expression = jsonata(text)
    say({ kind: 'compiled', compiled: namesIn(expression.ast()) })
    port?.on('message', ({ document, at }: ToExpression) => {
      now = at
      expression.evaluate(document === '' ? {} : JSON.parse(document)).then(
        (value) => say({ kind: 'value', ...plain(value) }),
        (error: unknown) => say({ kind: 'wrong', fault: faultOf(error) }),
      )
    })
  } catch (error) {
    say({ kind: 'wrong', fault: faultOf(error) })
  }
}

/** As JSON; what has no JSON (a function, nothing) is null. */
function plain(value: unknown): { value: string; isTrue: boolean | null } {
  const json = JSON.stringify(value, (_, inner: unknown) => (typeof inner === 'function' ? null : inner))
  return { value: json ?? 'null', isTrue: isTrue(value) }
}

/** Nothing is false: of a bead that is not there yet nothing is so. What is neither is for whoever asked to tell. */
function isTrue(value: unknown): boolean | null {
  if (value === undefined) return false
  return typeof value === 'boolean' ? value : null
}

/** What the expression names, and whether it asks for the time. */
function namesIn(ast: unknown): Compiled {
  const names = new Set<string>()
  let anything = false
  let clock = false
  const look = (node: unknown): void => {
    if (typeof node !== 'object' || node === null) return
    if (Array.isArray(node)) return node.forEach(look)
    const { type, value, arguments: given } = node as { type?: unknown; value?: unknown; arguments?: unknown }
    if (type === 'name') names.add(String(value))
    else if (type === 'wildcard' || type === 'descendant' || type === 'parent') anything = true
    else if (type === 'variable') {
      // `$` and `$$` are the whole document, or a row of it.
      if (value === '' || value === '$' || LOOKERS.has(String(value))) anything = true
      if (CLOCKS.has(String(value))) clock = true
    }
    // Without arguments a function takes what is around it.
    if (type === 'function' && Array.isArray(given) && given.length === 0) anything = true
    for (const inner of Object.values(node)) look(inner)
  }
  look(ast)
  return { names: anything ? null : [...names], clock }
}

function faultOf(error: unknown): ExpressionFault {
  const { message, position, token } = error as { message?: unknown; position?: unknown; token?: unknown }
  return {
    message: typeof message === 'string' ? message : String(error),
    position: typeof position === 'number' ? position : null,
    token: typeof token === 'string' ? token : null,
  }
}
