// Waiting between tries.

export const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms))

/** 25 ms, then twice as long each time, up to 500 ms. */
export const pauseOf = (tries: number): number => Math.min(25 * 2 ** Math.min(tries, 10), 500)
