// Tax that is included in prices.

/** Percent, by the kind of an item. */
export const RATES = Object.freeze({ standard: 19, reduced: 7 })

/** The tax in a gross price. */
export function taxIn(gross, rate = 'standard') {
  return gross - netOf(gross, rate)
}

/** A gross price without its tax. */
export function netOf(gross, rate = 'standard') {
  return Math.round((gross * 100) / (100 + RATES[rate]))
}
