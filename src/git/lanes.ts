// Which checkouts are in use at this moment, in this process, and who has to leave one.
//
// Owns:      one user of each checkout at a time; a run that decides goes before what is tested ahead.
// Does not:  know what is run there.
//
//   GIT-90. What is tested ahead is in a checkout of a real run only while no real run wants it: the real one ends it,
//           waits until all of it is gone, and begins.

/** What is tested ahead in a checkout. */
type Guest = { readonly leave: AbortController; readonly over: Promise<void> }

const guests = new Map<string, Guest>()
/** Real runs that have the checkout or wait for it. */
const hosts = new Map<string, number>()
let changed = Promise.withResolvers<void>()

function tell(): void {
  changed.resolve()
  changed = Promise.withResolvers<void>()
}

/** A real run, in a checkout of its own: whoever is a guest there leaves. */
export async function asHost<T>(tree: string, run: () => Promise<T>): Promise<T> {
  hosts.set(tree, (hosts.get(tree) ?? 0) + 1)
  try {
    const guest = guests.get(tree)
    guest?.leave.abort()
    await guest?.over
    return await run()
  } finally {
    const left = (hosts.get(tree) ?? 1) - 1
    if (left > 0) hosts.set(tree, left)
    else hosts.delete(tree)
    tell()
  }
}

/**
 * Runs in the first of `trees` that nobody has, once there is one; in another one if a real run takes that. `run` is
 * told where, and when it has to leave. Null when nobody waits for it any more.
 */
export async function asGuest<T>(
  trees: readonly string[],
  signal: AbortSignal,
  run: (tree: string, leaving: AbortSignal) => Promise<T>,
): Promise<T | null> {
  for (;;) {
    if (signal.aborted) return null
    const tree = trees.find((one) => !guests.has(one) && !hosts.has(one))
    if (tree === undefined) {
      await Promise.race([changed.promise, aborted(signal)])
      continue
    }
    const leave = new AbortController()
    const over = Promise.withResolvers<void>()
    guests.set(tree, { leave, over: over.promise })
    try {
      const result = await run(tree, AbortSignal.any([signal, leave.signal]))
      if (!leave.signal.aborted) return result
    } finally {
      guests.delete(tree)
      over.resolve()
      tell()
    }
  }
}

const aborted = (signal: AbortSignal): Promise<void> =>
  new Promise((resolve) => {
    if (signal.aborted) resolve()
    else signal.addEventListener('abort', () => resolve(), { once: true })
  })
