// Money and tokens as a person reads them.

/** `$12.30`; cents below one are shown as far as they say something. Unknown is said so. */
export function moneyText(usd: number | null): string {
  if (usd === null) return 'unknown'
  return usd > 0 && usd < 0.01 ? `$${usd.toFixed(4)}` : `$${usd.toFixed(2)}`
}

/** `1.2M tokens` */
export const tokensText = (tokens: number): string => `${countText(tokens)} tokens`

/** `950`, `12.3k`, `1.2M` */
export function countText(n: number): string {
  if (n < 1_000) return String(n)
  if (n < 999_950) return `${(n / 1_000).toFixed(1).replace(/\.0$/, '')}k`
  return `${(n / 1_000_000).toFixed(1).replace(/\.0$/, '')}M`
}
