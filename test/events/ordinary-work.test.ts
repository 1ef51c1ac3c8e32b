import { execFileSync } from 'node:child_process'
import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { realPath } from '../../src/api/permissions.ts'
import { type AskedTool, decidedBy } from '../../src/events/permission-rules.ts'
import type { PermissionRule } from '../../src/events/settings.ts'
import { plainWords } from '../../src/events/shell-words.ts'
import { folderOfFile } from '../support/folder.ts'

const folder = folderOfFile('gt-ordinary-')
const worktree = join(folder, 'nux')
mkdirSync(join(worktree, 'src'), { recursive: true })
mkdirSync(join(worktree, '.git'))
mkdirSync(join(folder, 'outside'))
writeFileSync(join(folder, 'outside/secret'), 'x')
symlinkSync(join(folder, 'outside'), join(worktree, 'out'))
symlinkSync('../outside/secret', join(worktree, 'file-out'))
symlinkSync('../outside/later', join(worktree, 'dangling'))
symlinkSync('src', join(worktree, 'in'))
symlinkSync('.git', join(worktree, 'meta'))
symlinkSync(worktree, join(folder, 'link-to-nux'))

const work = {
  worktree,
  commands: [
    ['npm', 'test'],
    ['sh', '-c', 'make all'],
  ],
  real: realPath,
}
const verdict = (asked: AskedTool, rules: readonly PermissionRule[] = []) =>
  decidedBy(rules, asked, worktree, work)?.verdict ?? null
const bash = (command: string, cwd: string | null = worktree): AskedTool => ({
  tool: 'Bash',
  command,
  files: [],
  cwd,
})
const file = (tool: string, ...files: string[]): AskedTool => ({ tool, command: null, files, cwd: worktree })

const MESSAGE = `git commit -m "$(cat <<'EOF'
Add a cart

It's done (mostly); $HOME and \`ticks\` are text.
EOF
)"`

describe('ordinary work is done without asking', () => {
  test.each([
    'gt done',
    'gt done --status ESCALATED --note "Which of the two?"',
    'gt prime --json',
    "gt report progress 'half; of it'",
    'npm test',
    "sh -c 'make all'",
    'npm test 2>&1 | tail -20',
    `cd ${worktree} && npm test`,
    'git status -s',
    'git diff --stat HEAD~1',
    'git log --oneline -5 main..HEAD -- src',
    'git show HEAD:src/a.ts',
    'git add -A && git commit -m "Add a cart" && gt done',
    MESSAGE,
    `git add src/a.ts && ${MESSAGE}`,
    'git commit -am "One; two"',
    'git commit --amend --no-edit',
    'git rm -r --cached src',
    'git mv src/a.ts src/b.ts',
    'git restore --staged .',
    'git checkout -- src/a.ts',
    'git fetch origin',
    'git fetch -q origin main',
    'git rebase origin/main',
    'git rebase --continue',
    'GIT_EDITOR=true git rebase --continue',
    'git -c core.editor=true rebase --continue',
    'git merge --abort',
    'git branch --show-current',
    'git branch -a',
    'git diff > src/a.patch',
    `git add ${worktree}/src/a.ts`,
  ])('%s', (command) => {
    expect(verdict(bash(command))).toBe('allow')
  })

  test('in files of the worktree, however they are named', () => {
    for (const path of ['src/a.ts', `${worktree}/src/new/b.ts`, 'src/../README.md', 'in/a.ts', '.gitignore'])
      for (const tool of ['Read', 'Edit', 'Write', 'MultiEdit'])
        expect(verdict(file(tool, path)), path).toBe('allow')
    expect(verdict(file('Edit', `${folder}/link-to-nux/src/a.ts`))).toBe('allow')
  })
})

describe('all else is asked about', () => {
  test.each([
    'git commit -m "$(curl https://example.org)"',
    'git commit -m "`curl https://example.org`"',
    'git commit -m $(cat x)',
    'git commit -m "$TOKEN"',
    `git commit -m "$(cat <<'EOF'\nx\nEOF\ncat)" --author "x\nEOF\n)"`,
    `git commit -m "$(cat <<'EOF'\nx\nEOF\n)" --template "x)"`,
    `git commit -m "$(cat <<EOF\n$(curl x)\nEOF\n)"`,
    'gt done; rm -rf ~',
    'gt done && rm -rf ~',
    'gt done | sh',
    'gt done\nrm -rf ~',
    'gt done &\nrm -rf ~',
    'gt "$(cat x)"',
    'GT_SESSION= gt answer 1 allow',
    'env -u GT_SESSION gt answer 1 allow',
    './gt done',
    'git -c core.pager=sh log',
    'git -c alias.x=!sh x',
    'git -C .. status',
    'git --git-dir=x status',
    'git --exec-path=. status',
    'git push',
    'git push origin HEAD',
    'git config core.pager sh',
    'git remote add x y',
    'git worktree add ../x',
    'git switch main',
    'git checkout main',
    'git checkout main --',
    'git stash pop',
    'git branch new',
    'git branch -D main',
    'git merge origin/main',
    'git rebase -i HEAD~2',
    'git rebase --exec sh origin/main',
    'git rebase -x sh origin/main',
    'git rebase --onto a b',
    'git fetch --upload-pack=sh origin',
    'git fetch --upl=sh origin',
    'git fetch ext::sh',
    'git fetch other',
    'git fetch origin +main:main',
    'git diff --no-index /etc/passwd /dev/null',
    'git diff /etc/passwd /dev/null',
    'git diff ../../other/x src/a.ts',
    'git diff ~/x y',
    'git diff --ext-diff',
    'git log --output=/etc/passwd',
    'git log --outp=x',
    'git log -p --textconv',
    'git diff > /etc/passwd',
    'git diff > ../x',
    'git diff > out/x',
    'git diff > .git/hooks/pre-commit',
    'git diff > "$HOME/x"',
    'git status > dangling',
    'git mv src/a.ts .git/hooks/pre-commit',
    'git mv src/a.json .claude/settings.json',
    'git mv src/a.ts out/a.ts',
    'git add --pathspec-from-file=x',
    'git add *',
    'git grep -O x',
    'git bisect run sh',
    'git submodule foreach sh',
    'npm test -- --reporter x',
    'npm run test',
    'npm test x',
    'cat /etc/passwd',
    'tail -f x',
    'head secret',
    'cd .. && git status',
    'cd src && git status',
    'cd /tmp; npm test',
    `(cd ${worktree}); cd /tmp; npm test`,
    'eval git status',
    'git status; x() { sh; }; x',
    'time git status',
  ])('%s', (command) => {
    expect(verdict(bash(command))).toBe(null)
  })

  test('outside of the worktree, and through links that lead there', () => {
    for (const path of [
      '/etc/passwd',
      '../outside/secret',
      'src/../../outside/secret',
      'out/secret',
      'out/new',
      'file-out',
      'dangling',
      '~/.ssh/id',
      `${worktree}-2/a`,
      worktree,
    ])
      for (const tool of ['Read', 'Edit', 'Write']) expect(verdict(file(tool, path)), path).toBe(null)
  })

  test('where git and agent programs keep what they run', () => {
    for (const path of [
      '.git',
      '.git/config',
      '.GIT/hooks/pre-commit',
      'meta/config',
      'src/.git/config',
      '.claude/settings.json',
      '.mcp.json',
      '.codex/hooks.json',
    ])
      expect(verdict(file('Write', path)), path).toBe(null)
  })

  test('git and the gate in another folder: it may be a repository of somebody else, with settings of its own', () => {
    for (const cwd of [join(worktree, 'src'), folder, '/', null]) {
      expect(verdict(bash('git status', cwd))).toBe(null)
      expect(verdict(bash('npm test', cwd))).toBe(null)
      expect(verdict(bash('gt done', cwd))).toBe('allow')
      expect(verdict(bash(`cd ${worktree} && git status`, cwd))).toBe('allow')
      expect(verdict(bash(`cd ${worktree} | git status`, cwd))).toBe(null)
      expect(verdict(bash(`(cd ${worktree}); git status`, cwd))).toBe(null)
    }
    expect(verdict(bash('git status', join(folder, 'link-to-nux')))).toBe('allow')
  })

  test('tools that neither name a file nor run a command', () => {
    expect(verdict({ tool: 'WebFetch', command: 'https://example.org', files: [], cwd: worktree })).toBe(null)
    expect(verdict(file('mcp__disk__write', 'src/a.ts'))).toBe(null)
  })
})

test('the rules of a rig come first: what a person denies is denied, and what they allow is allowed with the rest', () => {
  const rules: PermissionRule[] = [
    { tool: 'Bash', pattern: 'git rebase *', verdict: 'deny' },
    { tool: 'Edit', pattern: '**/*.lock', verdict: 'deny' },
    { tool: 'Bash', pattern: 'npm install', verdict: 'allow' },
  ]
  expect(verdict(bash('git rebase origin/main'), rules)).toBe('deny')
  expect(verdict(bash('git status && git rebase origin/main'), rules)).toBe('deny')
  expect(verdict(file('Write', 'src/npm.lock'), rules)).toBe('deny')
  expect(verdict(bash('git diff > npm.lock'), rules)).toBe('deny')
  expect(verdict(bash('npm install && npm test'), rules)).toBe('allow')
  expect(verdict(bash('npm install x && npm test'), rules)).toBe(null)
})

test.each([
  `a 'b c'd "e f" g\\ h`,
  `a "it's" 'x"y' "q\\"r" "\\\\" "\\n" HEAD~1 HEAD@{1} ''`,
  'a é=日 -n5 a#b',
])('words are those of a shell: %s', (command) => {
  const script = command.replace(/^\S+/, () => `printf '%s\\0'`)
  const printed = execFileSync('sh', ['-c', script], { encoding: 'utf8' }).split('\0').slice(0, -1)
  expect(plainWords(command)?.slice(1)).toEqual(printed.map((text) => ({ text, computed: false })))
})

test.each(['a $x', 'a "$x"', 'a *', 'a {b,c}', 'a ~', 'a "`b`"', "a 'b", 'a "b', 'a <(b)', "a $'b'", 'a !b'])(
  'words that a shell would compute are not known: %s',
  (command) => expect(plainWords(command)).toBe(null),
)
