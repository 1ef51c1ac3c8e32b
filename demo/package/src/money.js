// Money is a whole number of cents.

/** Whether a value can be an amount. */
export function isMoney(value) {
  return Number.isSafeInteger(value)
}

/** `1999` as `19.99`. */
export function format(cents) {
  const digits = String(Math.abs(cents)).padStart(3, '0')
  return `${cents < 0 ? '-' : ''}${digits.slice(0, -2)}.${digits.slice(-2)}`
}

/** The sum of any number of amounts. */
export function add(...amounts) {
  return amounts.reduce((sum, amount) => sum + amount, 0)
}

/** Divides an amount into parts that differ by a cent at most and add up again. */
export function share(cents, parts) {
  const part = Math.trunc(cents / parts)
  const rest = cents - part * parts
  return Array.from({ length: parts }, (_, index) => part + (index < Math.abs(rest) ? Math.sign(rest) : 0))
}

/** A percentage of an amount; half a cent counts as one. */
export function percentOf(cents, percent) {
  return Math.round((cents * percent) / 100)
}
