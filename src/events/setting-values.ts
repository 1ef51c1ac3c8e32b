// Values that several settings have: a time, a command, a path of the repository.

import { z } from 'zod'

const TIME = /^(\d+(?:\.\d+)?)(ms|s|m|h|d)$/
const MS = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 } as const

/** `5m`, `90s` or a number of ms, as ms. */
export const duration = z.union([
  z.number().int().nonnegative(),
  z
    .string()
    .regex(TIME, 'a time like 90s, 5m or 2h')
    .transform((text) => {
      const [, amount, unit] = TIME.exec(text) ?? []
      return Math.round(Number(amount) * MS[unit as keyof typeof MS])
    }),
])

/** As a person writes it, or as it is kept and shown. */
export const timeout = { timeout: duration.optional(), timeoutMs: z.number().int().nonnegative().optional() }
export const argv = z.array(z.string().min(1).max(10_000)).min(1, 'a program and its arguments').max(200)
export const relativePath = z
  .string()
  .min(1)
  .max(500)
  .refine((path) => !path.startsWith('/') && !path.split('/').includes('..'), 'a path inside the worktree')
