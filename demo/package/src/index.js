export * from './money.js'

export * from './catalog.js'

export * from './cart.js'

export * from './discounts.js'

export * from './tax.js'

export * from './receipt.js'
