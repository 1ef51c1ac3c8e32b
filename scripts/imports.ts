// Checks the direction of imports: `node scripts/imports.ts [folder of the repository]`.
//
// Types count. What `gt` loads at its start is a matter of what runs: test/cli/start.test.ts.
import { existsSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { cruise, type ICruiseOptions, type IForbiddenRuleType } from 'dependency-cruiser'
import { SOURCE_RULES } from './import-rules.ts'

const ROOMS = ['eventlog', 'src', 'demo', 'bench', 'test', 'scripts']

const root = resolve(process.argv[2] ?? join(import.meta.dirname, '..'))
const rooms = ROOMS.filter((room) => existsSync(join(root, room)))
const problems = await violations(rooms, SOURCE_RULES, { parser: 'tsc', tsPreCompilationDeps: true })
for (const problem of problems.sort()) console.error(problem)
if (problems.length > 0) process.exitCode = 1

/** One line for each import that breaks a rule. */
async function violations(
  from: readonly string[],
  forbidden: readonly IForbiddenRuleType[],
  options: ICruiseOptions,
): Promise<string[]> {
  const { output } = await cruise([...from], {
    baseDir: root,
    validate: true,
    ruleSet: { forbidden: [...forbidden] },
    doNotFollow: { path: 'node_modules' },
    ...options,
  })
  if (typeof output === 'string') throw new Error(`dependency-cruiser answered in text: ${output}`)
  const comments = new Map(forbidden.map((rule) => [rule.name, rule.comment]))
  return output.summary.violations.map(({ from, to, rule, cycle }) => {
    const path = cycle === undefined ? to : cycle.map((step) => step.name).join(' -> ')
    return `${from} -> ${path}: ${comments.get(rule.name) ?? rule.name}`
  })
}
