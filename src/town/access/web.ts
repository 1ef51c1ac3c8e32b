// Where a town listens on TCP, remembered: a page on a wall finds it again after a restart.
//
// Owns:      .gt/http.json; the choice of a port.
// Does not:  serve anything (src/api/web.ts).

import { randomBytes } from 'node:crypto'
import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { z } from 'zod'
import { describe } from '../../actors/chart.ts'
import { MACHINES } from '../../actors/index.ts'
import { Fault } from '../../api/fault.ts'
import type { createServer } from '../../api/server.ts'
import type { TownHandle, Web } from '../../api/town.ts'
import { createWeb } from '../../api/web.ts'
import { pageFiles } from '../../api/web-files.ts'
import { type Address, parseAddress, urlOf } from '../../api/web-guard.ts'
import { OVERSEER } from '../../events/address.ts'
import { townFiles } from '../files.ts'

const Kept = z.object({
  host: z.string(),
  port: z.number().int(),
  /** A person named it; otherwise any other will do when it is taken. */
  named: z.boolean(),
})
type Kept = z.infer<typeof Kept>

const ANYWHERE: Kept = { host: '127.0.0.1', port: 0, named: false }

export type TownWeb = Web & {
  /** Listens where it did before the last end of the daemon, if it did, or as `wanted` says. Never throws. */
  resume(wanted?: string): Promise<void>
  /** Ends with the daemon; the next one goes on. */
  close(): Promise<void>
}

export function createTownWeb(
  dir: string,
  parts: Pick<TownHandle, 'townId' | 'clock' | 'tokens' | 'authenticate' | 'system'> & {
    readonly app: () => ReturnType<typeof createServer>
    readonly onTrouble: (code: string, message: string) => void
  },
): TownWeb {
  const file = townFiles(dir).http
  const { app, onTrouble, system } = parts
  const server = createWeb({
    ...parts,
    async note(said) {
      const id = `dashboard.${randomBytes(8).toString('hex')}`
      const result = await system.take({ id, by: OVERSEER, messages: [said] })
      if (!result.accepted) throw new Fault(result.refusal.code, result.refusal.message)
    },
    route: (request, response) => app().routing(request, response),
    files: () => pageFiles(builtPage(), JSON.stringify(Object.values(MACHINES).map(describe))),
  })
  const listen = async (wanted: Kept): Promise<string> => {
    const address = await server.listen(wanted)
    writeFileSync(file, JSON.stringify({ ...wanted, port: address.port }), { mode: 0o600 })
    return urlOf(address)
  }
  /** Its port, else any. */
  const again = async (kept: Kept): Promise<string> => {
    if (kept.named) return listen(kept)
    return listen(kept).catch(() => listen({ ...kept, port: 0 }))
  }
  const url = (): string | null => (server.address === null ? null : urlOf(server.address))

  return {
    get url() {
      return url()
    },
    async open(text) {
      const here = url()
      if (text === null) return here ?? again(read(file) ?? ANYWHERE)
      const wanted: Address = parseAddress(text)
      if (here === urlOf(wanted)) return here
      return listen({ ...wanted, named: wanted.port !== 0 })
    },
    async shut() {
      rmSync(file, { force: true })
      await server.close()
    },
    link() {
      const { path, expiresAt } = server.newLink()
      return { url: `${url() ?? ''}${path}`, expiresAt }
    },
    dropRevoked: () => server.dropRevoked(),
    async resume(wanted) {
      try {
        if (wanted === 'off') await this.shut()
        else if (wanted !== undefined) await this.open(wanted === '' ? null : wanted)
        else if (existsSync(file)) await this.open(null)
      } catch (error) {
        onTrouble('HTTP_PORT_TAKEN', error instanceof Error ? error.message : String(error))
      }
    },
    close: () => server.close(),
  }
}

function read(file: string): Kept | null {
  try {
    return Kept.parse(JSON.parse(readFileSync(file, 'utf8')))
  } catch {
    return null
  }
}

/** A browser reads what was built, also when we run from sources. */
function builtPage(): string {
  const here = import.meta.url
  return fileURLToPath(new URL(here.endsWith('.ts') ? '../../../dist/src/web' : '../../web', here))
}
