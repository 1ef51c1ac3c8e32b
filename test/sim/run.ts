// Many seeds, one after the other, or one of them alone: see README.md beside this file.
//
// Prints the first seed that breaks something, the smallest town in which it does, and the line that repeats it.

import { parseArgs } from 'node:util'
import { BANK, type Bug, guards } from './bank.ts'
import { commandOf, shrink, tried } from './shrink.ts'
import { type Faults, NO_FAULTS, type SimulationOptions, type SimulationResult } from './world.ts'

const { values } = parseArgs({
  options: {
    seeds: { type: 'string' },
    from: { type: 'string', default: '1' },
    minutes: { type: 'string' },
    seed: { type: 'string' },
    explain: { type: 'boolean', default: false },
    without: { type: 'string' },
    beads: { type: 'string' },
    'faults-for': { type: 'string' },
    twice: { type: 'boolean', default: false },
    thorough: { type: 'boolean', default: false },
    calm: { type: 'boolean', default: false },
    notes: { type: 'boolean', default: false },
    'keep-going': { type: 'boolean', default: false },
    'no-shrink': { type: 'boolean', default: false },
    json: { type: 'boolean', default: false },
    plants: { type: 'boolean', default: false },
    guards: { type: 'string' },
    plant: { type: 'string' },
  },
})

const without = (values.without?.split(',') ?? []) as (keyof Faults)[]
const common: Omit<SimulationOptions, 'seed'> = {
  thorough: values.thorough,
  keep: values.notes,
  story: values.explain,
  ...(values.plant !== undefined && {
    plant: (BANK[Number(values.plant) - 1] as (typeof BANK)[number]).plant,
  }),
  ...(values.calm && { faults: NO_FAULTS }),
  ...(without.length > 0 && { faults: Object.fromEntries(without.map((name) => [name, NO_FAULTS[name]])) }),
  ...(values.beads !== undefined && { beads: Number(values.beads) }),
  ...(values['faults-for'] !== undefined && { faultsForMs: Number(values['faults-for']) * 60_000 }),
}
const first = Number(values.seed ?? values.from)
const count =
  values.seed !== undefined ? 1 : Number(values.seeds ?? (values.minutes === undefined ? 500 : 1e9))
const began = performance.now()
const seconds = () => (performance.now() - began) / 1_000
const isOver = () => values.minutes !== undefined && seconds() > Number(values.minutes) * 60

if (values.plants) process.exit((await tryBank(Number(values.seeds ?? 200))) ? 0 : 1)

const totals = { seeds: 0, records: 0, crashes: 0, landed: 0, broken: 0 }
const facts = new Map<string, number>()
const hashes: string[] = []
for (let seed = first; seed < first + count && !isOver(); seed += 1) {
  const result = await tried({ ...common, seed })
  totals.seeds += 1
  totals.records += result.records
  totals.crashes += result.crashes
  totals.landed += result.landed
  for (const [fact, n] of result.facts) facts.set(fact, (facts.get(fact) ?? 0) + n)
  hashes.push(result.hash)
  if (values.notes) for (const line of [...result.notes, ...result.lines]) console.log(line)
  if (values.explain) explain(result)
  const again = values.twice && result.violation === null ? await tried({ ...common, seed }) : result
  if (again.hash !== result.hash) await broken({ ...result, violation: 'it is another town the second time' })
  if (result.violation !== null) await broken(result)
  if (totals.broken > 0 && !values['keep-going']) break
}

if (values.json) console.log(JSON.stringify({ ...totals, hashes, facts: Object.fromEntries(facts) }))
else {
  const { seeds, records, crashes, landed, broken } = totals
  console.log(
    `${seeds} seeds from ${first}: ${broken} broken, ${records} records, ${crashes} crashes, ${landed} landed, ` +
      `${seconds().toFixed(1)} s, ${Math.round((process.cpuUsage().user / records) * 1)} us of processor time a record`,
  )
  console.log(
    [...facts]
      .toSorted(([a], [b]) => (a < b ? -1 : 1))
      .map(([fact, n]) => `${fact} ${n}`)
      .join(', '),
  )
}

async function broken(result: SimulationResult): Promise<void> {
  totals.broken += 1
  process.exitCode = 1
  const { seed, violation } = result
  console.log(`Seed ${seed}: ${violation}\n  ${commandOf({ ...common, seed })}`)
  if (values['no-shrink'] || values.seed !== undefined) return
  const { result: smaller, options, runs } = await shrink(seed, result)
  console.log(`  smaller, after ${runs} runs: ${smaller.violation}\n  ${commandOf(options)} --explain`)
}

/** What happened, as a person would tell it. */
function explain({
  seed,
  story,
  faults,
  beads,
  violation,
  landed,
  virtualMs,
  crashes,
}: SimulationResult): void {
  const wrong = Object.entries(faults).filter(([, is]) => is !== false && is !== 0)
  console.log(
    `Seed ${seed}: ${beads} beads. Goes wrong: ${wrong.map(([name, is]) => (is === true ? name : `${name} ${is}`)).join(', ') || 'nothing'}.`,
  )
  for (const sentence of story) console.log(sentence)
  console.log(
    `After ${Math.round(virtualMs / 60_000)} minutes and ${crashes} crashes ${landed} beads had landed. ${violation ?? 'Everything came to rest.'}`,
  )
}

/** Each defect of the bank, and the first seed that finds it. True when all are found. */
async function tryBank(seedsMax: number): Promise<boolean> {
  const bugs: readonly Bug[] = values.guards === undefined ? BANK : guards(Number(values.guards), first)
  let missed = 0
  for (const [n, { name, issue, plant }] of bugs.entries()) {
    let found: SimulationResult | null = null
    for (let seed = 1; seed <= seedsMax && found === null; seed += 1) {
      const result = await tried({ ...common, seed, plant })
      if (result.violation !== null) found = result
    }
    if (found === null) missed += 1
    console.log(
      [
        n + 1,
        name,
        issue ?? '-',
        found?.seed ?? `not in ${seedsMax}`,
        found?.violation?.slice(0, 160) ?? '',
      ].join(' | '),
    )
  }
  console.log(`${bugs.length - missed} of ${bugs.length} found`)
  return missed === 0
}
