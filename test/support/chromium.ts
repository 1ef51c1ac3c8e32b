// A real browser for tests of the page: Chromium as this machine has it. Nothing is downloaded but, in CI, a package.

import { spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { type Browser, chromium } from 'playwright-core'

const PLACES = [
  '/usr/bin/chromium',
  '/usr/bin/chromium-browser',
  '/usr/bin/google-chrome',
  '/snap/bin/chromium',
  '/Applications/Google Chrome.app/Contents/MacOS/Google Chrome',
  '/Applications/Chromium.app/Contents/MacOS/Chromium',
]

/** It stays on this machine: nothing is fetched, synchronised or reported. */
const FLAGS = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
]

const look = (): string | null =>
  [process.env.CHROMIUM ?? '', ...PLACES].find((path) => path !== '' && existsSync(path)) ?? null

/**
 * Path of the browser, or null: then whoever asked does not run, and this says so. In CI, as root, it is installed.
 * `CHROMIUM` names one that stands elsewhere.
 */
export function chromiumHere(): string | null {
  const found = look()
  if (found !== null) return found
  const mayInstall =
    (process.env.CI ?? '') !== '' && process.getuid?.() === 0 && existsSync('/usr/bin/apt-get')
  if (mayInstall) {
    const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' }
    for (const args of [['update'], ['install', '-y', '--no-install-recommends', 'chromium']])
      spawnSync('/usr/bin/apt-get', args, { env, stdio: ['ignore', 'ignore', 'inherit'] })
  }
  const path = look()
  if (path === null)
    console.warn(
      '\nNOT RUN: the tests of the page need Chromium, and this machine has none (CHROMIUM names one).\n',
    )
  return path
}

/** With a new, empty profile, which goes with it. */
export const startChromium = (executablePath: string): Promise<Browser> =>
  chromium.launch({ executablePath, headless: true, args: FLAGS })
