// Compares the rules in SPEC.md files with the tags in test names: `node scripts/spec-tags.ts [folder]`.
//
//   1. A rule is a list item that begins with its id in bold: `- **R3** Usage above the budget …`.
//   2. A tag is an id in brackets in the name of a test or a group of tests: `test('[R3] usage …')`.
//   3. Each rule is named by a test; each tag names a rule, or one of the promises P1 to P10; an id is declared once.
import { existsSync, globSync, readFileSync } from 'node:fs'
import { join, resolve } from 'node:path'

/** The promises of the whole project. They are numbered in ARCHITECTURE.md, not in a SPEC.md. */
const PROMISES = new Set(Array.from({ length: 10 }, (_, index) => `P${index + 1}`))

const ID = '[A-Z][A-Z-]*\\d+'
const RULE = new RegExp(`^\\s*(?:[-*]|\\d+\\.)\\s+\\*\\*(${ID})\\*\\*`, 'gm')
const TAG = new RegExp(`\\[(${ID}(?:[ ,]+${ID})*)\\]`, 'g')
// The first argument of test(…), it(…), describe(…), also after .each(…) and the like.
const NAME =
  /\b(?:test|it|describe)(?:\.\w+(?:\([^()]*\))?)*\(\s*(?:'((?:\\.|[^'\\])*)'|"((?:\\.|[^"\\])*)"|`((?:\\.|[^`\\])*)`)/g

type Source = { readonly path: string; readonly text: string }

/** One sentence for each rule without a test, tag without a rule, and id declared twice. Empty when all agree. */
export function compareTags(specs: readonly Source[], tests: readonly Source[]): string[] {
  const problems: string[] = []
  const rules = new Map<string, string>()
  for (const { path, text } of specs) {
    for (const [, id = ''] of text.matchAll(RULE)) {
      const before = rules.get(id)
      if (before !== undefined)
        problems.push(`${path}: rule ${id} is declared in ${before} already; choose another id.`)
      if (PROMISES.has(id)) problems.push(`${path}: rule ${id} has the id of a promise; choose another id.`)
      rules.set(id, path)
    }
  }
  const tagged = new Set<string>()
  for (const { path, text } of tests) {
    for (const tag of tagsIn(text)) {
      tagged.add(tag)
      if (rules.has(tag) || PROMISES.has(tag)) continue
      problems.push(
        `${path}: the tag [${tag}] names no rule; declare **${tag}** in a SPEC.md, or correct the tag.`,
      )
    }
  }
  for (const [id, path] of rules) {
    if (!tagged.has(id))
      problems.push(`${path}: no test is named for rule ${id}; put [${id}] in the name of the one that is.`)
  }
  return [...new Set(problems)]
}

function tagsIn(text: string): string[] {
  const names = Array.from(
    text.matchAll(NAME),
    ([, single, double, template]) => single ?? double ?? template ?? '',
  )
  return names.flatMap((name) => Array.from(name.matchAll(TAG), ([, ids = '']) => ids.split(/[ ,]+/)).flat())
}

if (import.meta.main) {
  const root = resolve(process.argv[2] ?? join(import.meta.dirname, '..'))
  const read = (pattern: string): Source[] =>
    globSync(pattern, { cwd: root }).map((path) => ({ path, text: readFileSync(join(root, path), 'utf8') }))
  const specs = ['eventlog', 'src']
    .filter((room) => existsSync(join(root, room)))
    .flatMap((room) => read(`${room}/**/SPEC.md`))
  // The tests of this script hold tags that stand for nothing.
  const tests = read('test/**/*.ts').filter(({ path }) => !path.endsWith('spec-tags.test.ts'))
  const problems = compareTags(specs, tests)
  for (const problem of problems) console.error(problem)
  if (problems.length > 0) process.exitCode = 1
}
