// What supervises is killed itself. The long form is supervisor-long.ts; CRASHES, AGENTS, STARTS and SEED say how much.

import { expect, test } from 'vitest'
import { crashInStart, crashSupervisor } from '../support/supervisor-crashes.ts'

const number = (name: string, otherwise: number): number => Number(process.env[name] ?? otherwise)
const seed = number('SEED', 20261201)
const [crashes, agentsMax, starts] = [number('CRASHES', 5), number('AGENTS', 4), number('STARTS', 20)]

test(
  `[TOWNUP-61] [P2] when the daemon is killed with agents in each state (${crashes} times), within 10 s of the next start each is found again or ended, none runs twice and nobody is unknown`,
  async () => {
    await crashSupervisor({ seed, crashes, agentsMax })
  },
  60_000 + crashes * 15_000,
)

test(
  `[TOWNUP-62] [P2] a daemon that is killed in its start ${starts} times writes at most 10 records each, begins nobody twice and ends nobody`,
  async () => {
    const grown = await crashInStart({ seed, starts })
    expect(Math.max(...grown)).toBeLessThanOrEqual(10)
  },
  60_000 + starts * 10_000,
)
