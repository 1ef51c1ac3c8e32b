// When a limit is over, from the words of a screen.

const MONTHS = ['jan', 'feb', 'mar', 'apr', 'may', 'jun', 'jul', 'aug', 'sep', 'oct', 'nov', 'dec']
const CLOCK = /\b(\d{1,2})(?::(\d{2})(?::\d{2})?\s*([ap]m)?|\s*([ap]m))\b(?:\s*\(?(UTC)\)?)?/i
const DAY = /\b([A-Z][a-z]{2})[a-z]* (\d{1,2})(?:st|nd|rd|th)?,? (\d{4})\b/
const DAY_MS = 24 * 60 * 60_000

/**
 * ISO time of the moment that `text` names: `1:01 PM`, `7am (UTC)`, `Nov 25th, 2026 11:01 AM`; without a day it is
 * the next such time after `now` (ms). Local time unless it says UTC. Null when it names none.
 */
export function resetTime(text: string, now: number): string | null {
  const clock = CLOCK.exec(text)
  if (clock === null) return null
  const [, hours = '', minutes = '0', withMinutes, alone, utc] = clock
  const half = withMinutes ?? alone
  const hour = (Number(hours) % (half === undefined ? 24 : 12)) + (half?.toLowerCase() === 'pm' ? 12 : 0)
  const day = dayIn(text)
  const today = new Date(now)
  const [year, month, date] =
    day ??
    (utc === undefined
      ? [today.getFullYear(), today.getMonth(), today.getDate()]
      : [today.getUTCFullYear(), today.getUTCMonth(), today.getUTCDate()])
  const at =
    utc === undefined
      ? new Date(year, month, date, hour, Number(minutes)).getTime()
      : Date.UTC(year, month, date, hour, Number(minutes))
  return new Date(day === null && at <= now ? at + DAY_MS : at).toISOString()
}

function dayIn(text: string): readonly [number, number, number] | null {
  const [, name = '', date, year] = DAY.exec(text) ?? []
  const month = MONTHS.indexOf(name.toLowerCase())
  return month === -1 ? null : [Number(year), month, Number(date)]
}
