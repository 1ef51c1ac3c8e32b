// Which command a repository's own files say its tests are run with.

export type ProposedTest = { readonly command: readonly string[]; readonly source: string }

/** Files that are looked at, at the top of the tree. */
export const TELLING_FILES = [
  'package.json',
  'Makefile',
  'makefile',
  'GNUmakefile',
  'Cargo.toml',
  'go.mod',
  'pyproject.toml',
  'pytest.ini',
  'tox.ini',
  'setup.cfg',
] as const

/** The first that applies, or null. `files` has the texts of those that exist. */
export function proposeTest(files: ReadonlyMap<string, string>): ProposedTest | null {
  const script = packageTestScript(files.get('package.json'))
  if (script !== null) return { command: ['npm', 'test'], source: `package.json (scripts.test: ${script})` }
  for (const name of ['Makefile', 'makefile', 'GNUmakefile']) {
    // `test:` or `check test:`, but no `test := x`.
    if (/^(?:[^\s:#=]+ +)*test *(?: [^\s:#=]+)* *::?(?!=)/m.test(files.get(name) ?? '')) {
      return { command: ['make', 'test'], source: `${name} (target test)` }
    }
  }
  if (files.has('Cargo.toml')) return { command: ['cargo', 'test'], source: 'Cargo.toml' }
  if (files.has('go.mod')) return { command: ['go', 'test', './...'], source: 'go.mod' }
  const python = pytestSource(files)
  return python === null ? null : { command: ['python', '-m', 'pytest'], source: python }
}

function packageTestScript(text: string | undefined): string | null {
  if (text === undefined) return null
  try {
    const parsed: unknown = JSON.parse(text.replace(/^\uFEFF/, ''))
    const scripts =
      parsed !== null && typeof parsed === 'object' && 'scripts' in parsed ? parsed.scripts : null
    const test = scripts !== null && typeof scripts === 'object' && 'test' in scripts ? scripts.test : null
    // npm init writes a script that always fails.
    if (typeof test !== 'string' || test.trim() === '' || /no test specified/i.test(test)) return null
    return test.replace(/\p{C}/gu, ' ').slice(0, 80)
  } catch {
    return null
  }
}

function pytestSource(files: ReadonlyMap<string, string>): string | null {
  if (files.has('pytest.ini')) return 'pytest.ini'
  for (const name of ['pyproject.toml', 'tox.ini', 'setup.cfg']) {
    if (/pytest/.test(files.get(name) ?? '')) return `${name} (names pytest)`
  }
  return null
}
