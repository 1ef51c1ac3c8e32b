// What is printed for the customer.

import { count, lineTotal, total } from './cart.js'
import { format } from './money.js'

/** Characters on a line of the printer. */
export const WIDTH = 32

/** Words on the left, an amount on the right. */
export function row(words, cents) {
  const amount = format(cents)
  return words.slice(0, WIDTH - amount.length - 1).padEnd(WIDTH - amount.length) + amount
}

function head({ shop }) {
  return [shop].filter(Boolean)
}

function foot(cart) {
  return [row(`Total (${count(cart)} pieces)`, total(cart))]
}

/** The whole receipt, as text. */
export function receipt(cart, options = {}) {
  const goods = cart.lines.map((line) => row(`${line.quantity} x ${line.item.name}`, lineTotal(line)))
  return [...head(options), ...goods, '-'.repeat(WIDTH), ...foot(cart)].join('\n')
}
