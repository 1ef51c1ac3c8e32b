// Who waits for what, until it has happened.

export interface Waiters<K> {
  /** Resolves with the next wake() of this key. */
  wait(key: K): Promise<void>
  wake(key: K): void
  keys(): readonly K[]
}

export function createWaiters<K>(): Waiters<K> {
  const waiting = new Map<K, (() => void)[]>()
  return {
    wait(key) {
      return new Promise((resolve) => {
        const others = waiting.get(key)
        if (others === undefined) waiting.set(key, [resolve])
        else others.push(resolve)
      })
    },
    wake(key) {
      const woken = waiting.get(key) ?? []
      waiting.delete(key)
      for (const wake of woken) wake()
    },
    keys: () => [...waiting.keys()],
  }
}
