// An expression that is asked about many moments: JSONata, in a thread that is ended when it takes too long.
//
// Owns:      that thread, and the time it is given.
// Does not:  make the document that is asked about.
// Always:    an expression reaches nothing but its document: no file, no clock, nothing random, no code of ours.

import { Worker } from 'node:worker_threads'
import { Fault } from '../../api/fault.ts'
import { entry } from '../entry.ts'

/** How long one look may take, and how much memory it may need. */
const LOOK_MS = 5_000
const MEMORY_MB = 1_024
/** How long the thread may take to begin. */
const BEGIN_MS = 30_000

/** How many characters of a value are told. */
const TOLD_MAX = 10_000

export type Compiled = {
  /** Every name in it, the keys of the document among them; null when it may look at anything. */
  readonly names: readonly string[] | null
  /** It asks what time it is. */
  readonly clock: boolean
}

export type ExpressionFault = {
  readonly message: string
  /** Characters from its beginning. */
  readonly position: number | null
  readonly token: string | null
}

/** `document`: JSON text. `at`: ms, what the clock says. */
export type ToExpression = { readonly document: string; readonly at: number }
export type FromExpression =
  | { readonly kind: 'compiled'; readonly compiled: Compiled }
  /** `isTrue` null: it is neither true nor false. */
  | { readonly kind: 'value'; readonly value: string; readonly isTrue: boolean | null }
  | { readonly kind: 'wrong'; readonly fault: ExpressionFault }

export type Expression = Compiled & {
  /** @throws {Fault} EXPRESSION_INVALID, EXPRESSION_NOT_BOOLEAN, EXPRESSION_TOO_SLOW */
  look(document: string, at: number): Promise<{ readonly isTrue: boolean; readonly value: unknown }>
  close(): Promise<void>
}

/** @throws {Fault} EXPRESSION_INVALID, EXPRESSION_TOO_SLOW */
export async function openExpression(text: string): Promise<Expression> {
  const worker = new Worker(entry('./past/expression-main'), {
    workerData: { text },
    resourceLimits: { maxOldGenerationSizeMb: MEMORY_MB },
    stdout: true,
    stderr: true,
  })
  // One that breaks while nobody asks breaks for whoever asks next.
  worker.on('error', () => {})
  try {
    const compiled = await answer(BEGIN_MS)
    if (compiled.kind !== 'compiled') throw new Error('Broken invariant: an expression is compiled first')
    return {
      ...compiled.compiled,
      async look(document, at) {
        worker.postMessage({ document, at } satisfies ToExpression)
        const found = await answer(LOOK_MS)
        if (found.kind !== 'value') throw new Error('Broken invariant: a look gives a value')
        if (found.isTrue === null) throw notBoolean(text, told(found.value))
        return { isTrue: found.isTrue, value: told(found.value) }
      },
      close: async () => void (await worker.terminate()),
    }
  } catch (error) {
    await worker.terminate()
    throw error
  }

  /** The next thing it says. */
  function answer(limitMs: number): Promise<FromExpression> {
    return new Promise((resolve, reject) => {
      const over = (settle: () => void): void => {
        clearTimeout(timer)
        worker.off('message', heard)
        worker.off('error', broke)
        settle()
      }
      const tooSlow = (what: string): void => {
        const details = { when: text, limitMs: LOOK_MS }
        over(() => reject(new Fault('EXPRESSION_TOO_SLOW', `The expression ${what}.`, details)))
        void worker.terminate()
      }
      const heard = (message: FromExpression): void =>
        over(() => (message.kind === 'wrong' ? reject(invalid(text, message.fault)) : resolve(message)))
      const broke = (error: Error & { code?: unknown }): void =>
        error.code === 'ERR_WORKER_OUT_OF_MEMORY'
          ? tooSlow(`needs more than ${MEMORY_MB} MB`)
          : over(() => reject(error))
      const timer = setTimeout(() => tooSlow(`was not done within ${LOOK_MS / 1_000} s`), limitMs)
      worker.on('message', heard)
      worker.on('error', broke)
    })
  }
}

function invalid(text: string, { message, position, token }: ExpressionFault): Fault {
  const place =
    position === null ? '' : ` at character ${position}${token === null ? '' : ` (${JSON.stringify(token)})`}`
  const sentence = message.replace(/\.$/, '')
  return new Fault('EXPRESSION_INVALID', `The expression does not fit${place}: ${sentence}.`, {
    when: text,
    position,
    token,
  })
}

/** What a person takes for true is guessed by nobody: an empty list, 0, "false". */
function notBoolean(text: string, value: unknown): Fault {
  const said = (JSON.stringify(value) ?? 'null').slice(0, 80)
  return new Fault(
    'EXPRESSION_NOT_BOOLEAN',
    `The expression gives ${said}, which is neither true nor false: compare it with something, or take $exists(…) or $boolean(…).`,
    { when: text, value, instead: `$boolean(${text})` },
  )
}

function told(json: string): unknown {
  if (json.length <= TOLD_MAX) return JSON.parse(json)
  return `${json.slice(0, 200)}… (${json.length} characters)`
}
