// The local day, as whoever sits at this machine has it.

/** ISO time at which the day that `now` (ms) lies in began. */
export const dayBegan = (now: number): string => midnight(now, 0)

/** ISO time at which the day that `now` (ms) lies in ends. A day may have 23 or 25 hours. */
export const dayEnds = (now: number): string => midnight(now, 1)

function midnight(now: number, daysOn: number): string {
  const day = new Date(now)
  return new Date(day.getFullYear(), day.getMonth(), day.getDate() + daysOn).toISOString()
}
