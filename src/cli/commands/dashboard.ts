// gt dashboard: the town in a browser, to look at.

import { spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import { delimiter, join } from 'node:path'
import { type Call, type Command, flagOf } from '../command.ts'

type Link = { url: string; expiresAt: string }

export const dashboard: Command = {
  name: 'dashboard',
  summary: 'the town in a browser: a link that is good once, for a minute',
  usage: '',
  where: 'person',
  words: [0, 0],
  options: { open: { type: 'flag', help: 'open it in the browser of this machine' } },
  async run(call) {
    const { url, expiresAt } = await call.town().command<Link>('dashboard.link', {})
    const opened = flagOf(call, 'open') ? await openInBrowser(url, call.env) : false
    call.out.answer({
      json: { url, expiresAt, opened },
      ids: [url],
      lines: () => [
        url,
        ...(flagOf(call, 'open') && !opened ? ['No browser was found here: open it yourself.'] : []),
      ],
    })
    return undefined
  },
}

/** Whether something took the link. What it says itself is of no use here. */
async function openInBrowser(url: string, env: Call['env']): Promise<boolean> {
  const program = ['xdg-open', 'open', 'wslview'].find((name) => onPath(name, env))
  if (program === undefined) return false
  return new Promise((resolve) => {
    const child = spawn(program, [url], { detached: true, stdio: 'ignore' })
    const takes = setTimeout(() => resolve(true), TAKES_MS)
    child.once('error', () => resolve(false))
    child.once('exit', (code) => resolve(code === 0))
    child.once('close', () => clearTimeout(takes))
    child.unref()
  })
}

/** Some hand the link on and end; others stay for as long as the browser does. */
const TAKES_MS = 3_000

const onPath = (name: string, { PATH = '' }: Call['env']): boolean =>
  PATH.split(delimiter).some((folder) => folder !== '' && existsSync(join(folder, name)))
