// What makes things cheaper.

import { percentOf } from './money.js'

/** A price with a percentage taken off. */
export function percentOff(cents, percent) {
  return cents - percentOf(cents, percent)
}

/** What a line costs when every third piece is free. */
export function threeForTwo({ item, quantity }) {
  return item.price * (quantity - Math.floor(quantity / 3))
}

/** A price with an amount taken off, but never below nothing. */
export function amountOff(cents, off) {
  return Math.max(0, cents - off)
}
