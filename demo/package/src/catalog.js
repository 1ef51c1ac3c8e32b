// What can be bought: items by their code.

import { isMoney } from './money.js'

/** Gives the item back, or says what is wrong with it. */
export function checkItem(item) {
  if (typeof item.code !== 'string' || item.code === '') throw new TypeError('an item needs a code')
  if (!isMoney(item.price) || item.price < 0) throw new TypeError(`the price of ${item.code} is no amount`)
  return item
}

/** Items by code; the same code twice is an error. */
export function createCatalog(items) {
  const catalog = new Map()
  for (const item of items.map(checkItem)) {
    if (catalog.has(item.code)) throw new RangeError(`${item.code} is there twice`)
    catalog.set(item.code, item)
  }
  return catalog
}

/** The item with that code. */
export function find(catalog, code) {
  const item = catalog.get(code)
  if (item === undefined) throw new RangeError(`there is no item ${code}`)
  return item
}
