// What the person does beside making beads: answers, closes what they were told of, speaks to agents, keeps budgets,
// stops everybody now and then.

import {
  BUDGETS,
  decisionOwner,
  MAYOR,
  nudgeOwner,
  OVERSEER,
  refinery,
  rigOwner,
  TOWN,
} from '../../src/events/address.ts'
import { nudgeLine } from '../../src/events/nudge-line.ts'
import { RIGS } from './rigs.ts'
import { BEGIN, DAY, HOUR, MINUTE, type Process, type Said, type World } from './world.ts'

export function keepUp(world: World): void {
  answerDecisions(world)
  closeEscalations(world)
  hearNudges(world)
  void nudge(world)
  void tune(world)
  void stopNowAndThen(world)
  void keepBudgets(world)
}

function answerDecisions(world: World): void {
  const { random, texts } = world
  world.on('DecisionOpened', ({ decision, choices, kind }) => {
    void (async () => {
      await world.rest(texts.length(70_000, 1.3, 12 * HOUR))
      const offered = choices as readonly string[]
      const choice = random.chance(0.8) ? (offered[kind === 'plan' ? 1 : 0] ?? '') : random.pick(offered)
      const always = kind === 'permission' && random.chance(0.03)
      const note = random.chance(0.15) ? texts.prose(texts.length(120, 0.8, 1_800)).slice(0, 1_900) : ''
      const to = decisionOwner(String(decision))
      if (world.valueOf(to) === 'open')
        await world.say(OVERSEER, { to, message: { type: 'decision.answer', choice, always, note } })
    })()
  })
}

function closeEscalations(world: World): void {
  const { random, texts } = world
  world.on('EscalationRaised', ({ id, bead }) => {
    void (async () => {
      await world.rest(texts.length(12 * MINUTE, 1, 10 * HOUR))
      const sandbox = world.system.owner(`beads/${bead}`)?.context.sandbox
      const parked = typeof sandbox === 'string' && world.valueOf(sandbox) === 'parked' ? sandbox : null
      const what = random.next()
      if (parked !== null) {
        const reason = texts.title()
        const message: Said['message'] =
          what < 0.7
            ? { type: 'sandbox.retry' }
            : { type: what < 0.85 ? 'sandbox.nuke' : 'sandbox.unsling', reason }
        await world.say(OVERSEER, { to: parked, message })
        if (what < 0.7) return
        await world.rest(random.between(30_000, 5 * MINUTE))
        if (random.chance(0.3)) await undo(world, String(bead), parked)
      }
      const note = texts.prose(texts.length(60, 0.6, 800))
      await world.say(OVERSEER, { to: MAYOR, message: { type: 'escalation.close', id: String(id), note } })
    })()
  })
  world.on('LandingWaits', ({ rig }) => {
    if (!random.chance(0.3)) return
    void (async () => {
      await world.rest(random.between(1_000, MINUTE))
      await world.say(OVERSEER, { to: refinery(String(rig)), message: { type: 'refinery.retry' } })
    })()
  })
}

/** Brings back what was taken from a polecat, when that may be. */
async function undo(world: World, bead: string, sandbox: string): Promise<void> {
  const agent = sandbox.replace(/\/sandboxes\/.*$/, '')
  const [rig = '', , name = ''] = agent.split('/')
  await world.say(
    OVERSEER,
    { to: MAYOR, message: { type: 'dispatch.retake', bead, rig, name, sandbox } },
    { to: `beads/${bead}`, message: { type: 'bead.rehook', agent, sandbox } },
    { to: agent, message: { type: 'polecat.rehook', bead, sandbox } },
    { to: sandbox, message: { type: 'sandbox.undo' } },
  )
}

/** A program takes what was typed for it as its next prompt. */
function hearNudges(world: World): void {
  const { random } = world
  world.on('NudgeWritten', ({ nudge, session }) => {
    void (async () => {
      if (random.chance(0.05)) return
      await world.rest(random.between(200, 4_000))
      if (!world.processes.has(String(session))) return
      const heard = { kind: 'turnStarted', via: 'hook', nudge: String(nudge) } as const
      await world.say('host', {
        to: String(session),
        message: { type: 'session.heard', heard, activity: null },
      })
    })()
  })
}

async function nudge(world: World): Promise<void> {
  const { random, texts } = world
  for (;;) {
    await world.rest(texts.length(2 * MINUTE, 0.9, HOUR))
    const running = [...world.processes.values()]
    if (running.length === 0) continue
    const one = random.pick(running)
    const from = random.chance(0.6) ? OVERSEER : senderFor(world, one)
    const id = `n-${texts.letters(8)}`
    const text = texts.prose(texts.length(140, 0.9, 20_000))
    await world.say(from, {
      to: nudgeOwner(id),
      message: {
        type: 'nudge.send',
        to: one.agent,
        session: one.session,
        text,
        line: nudgeLine(id, from, text),
        mode: one.bead === null ? 'idle' : random.pick(['queue', 'queue', 'immediate']),
        waitMs: 30 * MINUTE,
      },
    })
    if (!random.chance(0.03)) continue
    await world.rest(random.between(1_000, 20_000))
    await world.say(from, { to: nudgeOwner(id), message: { type: 'nudge.withdraw' } })
  }
}

const senderFor = (world: World, { agent, rig }: Process): string =>
  rig === null || world.random.chance(0.3) ? MAYOR : agent.replace(/\/.*$/, '/witness')

/** Limits and settings are changed while work goes on. */
async function tune(world: World): Promise<void> {
  const { random } = world
  for (;;) {
    await world.rest(random.between(HOUR, 8 * HOUR))
    const rig = random.pick(RIGS)
    const message: Said['message'] = random.chance(0.7)
      ? { type: 'rig.set', key: 'limits.polecats', value: random.between(4, 6) }
      : { type: 'rig.set', key: 'limits.attempts', value: random.between(3, 6) }
    await world.say(OVERSEER, { to: rigOwner(rig), message })
    if (random.chance(0.2))
      await world.say(OVERSEER, {
        to: TOWN,
        message: { type: 'town.set', key: 'permissions.wait', value: random.between(5, 20) * MINUTE },
      })
  }
}

/** Everybody is stopped for a while; those at work rest and go on afterwards. */
async function stopNowAndThen(world: World): Promise<void> {
  const { random, texts } = world
  for (;;) {
    await world.rest(random.between(6 * HOUR, 30 * HOUR))
    await world.say(OVERSEER, { to: TOWN, message: { type: 'town.estop', reason: texts.title() } })
    const held: string[] = []
    for (const process of [...world.processes.values()]) {
      const keeper = keeperFor(process)
      const result = await world.say(BUDGETS, {
        to: keeper,
        message:
          process.bead === null
            ? { type: 'crew.pause', reason: 'estop', graceMs: 700 }
            : { type: 'sandbox.pause', reason: 'estop', graceMs: 700 },
      })
      if (result.accepted) held.push(keeper)
    }
    await world.rest(random.between(MINUTE, 10 * MINUTE))
    await world.say(OVERSEER, { to: TOWN, message: { type: 'town.thaw' } })
    for (const keeper of held)
      await world.say(BUDGETS, {
        to: keeper,
        message: { type: keeper.includes('/sandboxes/') ? 'sandbox.resume' : 'crew.resume', reason: 'estop' },
      })
  }
}

const keeperFor = ({ session, agent, bead }: Process): string => {
  if (bead !== null) return session.replace(/\/sessions\/(\d+)\.\d+$/, '/sandboxes/$1')
  return agent === MAYOR ? 'mayor/desk' : agent
}

/** One budget of the town, for each day, told what was used; raised when it is used up. */
async function keepBudgets(world: World): Promise<void> {
  const { random } = world
  const total = { usd: 0, tokens: 0, unpriced: 0 }
  const ofTown = { scope: 'town', id: 'town' } as const
  const until = () => new Date(BEGIN + (Math.floor((world.now - BEGIN) / DAY) + 1) * DAY).toISOString()
  let spent = { ...total }
  let cap = 900
  const set = () =>
    world.say(OVERSEER, {
      to: BUDGETS,
      message: {
        type: 'budget.set',
        ...ofTown,
        usd: cap,
        tokens: null,
        per: 'day',
        total: { ...total },
        spent: { ...spent },
        record: world.sink.seq,
        until: until(),
      },
    })
  world.on('TokensUsed', (fact, { seq }) => {
    const { input, output, cacheRead, cacheWrite, costUsd } = fact as unknown as Record<string, number | null>
    const tokens = Number(input) + Number(output) + Number(cacheRead) + Number(cacheWrite)
    const usd = costUsd ?? 0
    total.usd = Math.round((total.usd + usd) * 1e6) / 1e6
    total.tokens += tokens
    if (costUsd === null) total.unpriced += 1
    spent.usd = Math.round((spent.usd + usd) * 1e6) / 1e6
    spent.tokens += tokens
    const message = {
      type: 'budget.spent',
      ...ofTown,
      total: { ...total },
      record: seq,
      until: until(),
    } as const
    void world.say(BUDGETS, { to: BUDGETS, message })
  })
  world.on('BudgetReached', () => {
    void (async () => {
      await world.rest(random.between(MINUTE, 20 * MINUTE))
      cap = Math.ceil(spent.usd * 1.5)
      await set()
    })()
  })
  await set()
  for (;;) {
    await world.rest(DAY - ((world.now - BEGIN) % DAY))
    spent = { usd: 0, tokens: 0, unpriced: 0 }
    cap = 900
    await world.say(BUDGETS, { to: BUDGETS, message: { type: 'budget.day', until: until() } })
  }
}
