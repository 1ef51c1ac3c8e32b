// Beads of the package in package/ for an agent that reads: each says what is to be true afterwards.

export type RealBead = { readonly title: string; readonly description: string }

export const REAL_BEADS: readonly RealBead[] = [
  {
    title: 'Print the date on the receipt',
    description: `receipt() in src/receipt.js takes an option \`date\` (a text like 2025-05-02).
When it is given, it stands on a line of its own right below the name of the shop.
Without it the receipt is as before. Add one test to test/receipt.test.js. Change nothing else.`,
  },
  {
    title: 'Take a percentage off a whole cart',
    description: `src/discounts.js gets an exported function cartPercentOff(cart, percent): what the whole cart costs with that percentage
taken off; total() of src/cart.js and percentOff() beside it do the work. Add one test to test/discounts.test.js.
Change nothing else.`,
  },
]
