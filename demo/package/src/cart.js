// What a customer wants to buy. A cart is a value: every change gives another one.

import { find } from './catalog.js'
import { add } from './money.js'

export const EMPTY = Object.freeze({ lines: Object.freeze([]) })

/** The cart with more of one item in it. */
export function put(cart, catalog, code, quantity = 1) {
  const item = find(catalog, code)
  const before = cart.lines.find((line) => line.item.code === code)
  if (before === undefined) return { lines: [...cart.lines, { item, quantity }] }
  const after = { item, quantity: before.quantity + quantity }
  return { lines: cart.lines.map((line) => (line === before ? after : line)) }
}

/** The cart without an item. */
export function drop(cart, code) {
  return { lines: cart.lines.filter((line) => line.item.code !== code) }
}

/** What one line costs. */
export function lineTotal({ item, quantity }) {
  return item.price * quantity
}

/** What everything costs. */
export function total(cart) {
  return add(...cart.lines.map(lineTotal))
}

/** How many pieces are in the cart. */
export function count(cart) {
  return cart.lines.reduce((sum, { quantity }) => sum + quantity, 0)
}
