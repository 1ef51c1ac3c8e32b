// Where a town keeps its things.
//
//   <town>/.gt/town.json        what gt install made: id, name, version of the layout
//   <town>/.gt/log/             the event log: the truth
//   <town>/.gt/secret           key of session tokens (0600); not state: losing it only ends open sessions' tokens
//   <town>/.gt/operator.token   the person's token (0600)
//   <town>/.gt/tokens.json      digests of tokens that the person gave out (0600)
//   <town>/.gt/http.json        where it listens on TCP, when it was told to (web.ts)
//   <town>/.gt/gt.sock          the API
//   <town>/.gt/host.sock ...    the host's own (src/pty/host-files.ts), worker.sock (src/git)
//   <town>/.gt/sessions/<slug>/ token, TMPDIR and recording of a session
//   <town>/.gt/reaped/<slug>/   recordings that were taken away and can still be brought back (effects/cleaning.ts)
//   <town>/.gt/checkpoint/      a cache of everything folded; may be deleted at any time (checkpoint.ts)
//   <town>/.gt/past/            versions of rows, for questions about the past; a cache (past/row-files.ts)
//   <town>/.gt/backups/         copies of the log (backups.ts)
//   <town>/.gt/program/         the program that this town runs (program.ts)
//   <town>/rigs/<rig>/          clones and worktrees (src/git/layout.ts)
//   <town>/mayor/               the Mayor's own folder, where its session works

import { join } from 'node:path'
import type { Address } from '../events/record.ts'

/** Version of this layout, kept in town.json. */
export const LAYOUT = 1

/** Bytes of the longest socket path that every system takes whole; longer ones are cut in silence. */
export const SOCKET_PATH_BYTES_MAX = 100

export const townFiles = (dir: string) => {
  const own = join(dir, '.gt')
  return {
    own,
    identity: join(own, 'town.json'),
    log: join(own, 'log'),
    secret: join(own, 'secret'),
    operatorToken: join(own, 'operator.token'),
    tokens: join(own, 'tokens.json'),
    http: join(own, 'http.json'),
    socket: join(own, 'gt.sock'),
    daemonPid: join(own, 'daemon.json'),
    daemonLog: join(own, 'daemon.log'),
    sessions: join(own, 'sessions'),
    /** Recordings that were taken away, until they cannot be brought back any more. */
    reaped: join(own, 'reaped'),
    checkpoint: join(own, 'checkpoint'),
    /** Of version 0.1.0: it only goes. */
    oldCheckpoint: join(own, 'checkpoint.json'),
    past: join(own, 'past'),
    backups: join(own, 'backups'),
    program: join(own, 'program'),
    rigs: join(dir, 'rigs'),
    mayor: join(dir, 'mayor'),
  }
}

/** An address as one name of a file: `shop.polecats.nux.sessions.2.1`. */
export const slug = (address: Address): string => address.replaceAll('/', '.')

/** Under which name the worktree of an assignment, or of a crew member, is kept. */
export const keptAs = (owner: Address, { place }: { readonly place?: unknown }): string =>
  slug(typeof place === 'string' && place !== '' ? place : owner)

export const sessionFiles = (dir: string, session: Address) => {
  const own = join(townFiles(dir).sessions, slug(session))
  return {
    own,
    token: join(own, 'token'),
    tmp: join(own, 'tmp'),
    recording: join(own, 'terminal.cast'),
    /** What its runtime is started with besides arguments: settings files. */
    runtime: join(own, 'runtime'),
    /** Calls of hooks that nobody answered. */
    unheard: join(own, 'unheard'),
  }
}

/** Worktree of an assignment, a crew member or a review: `<town>/rigs/shop/polecats/nux/2`, `<town>/rigs/shop/crew/ada`. */
export function worktreePath(dir: string, sandbox: Address): string {
  const [rig = '', kind, name = '', , k = ''] = sandbox.split('/')
  if (kind === 'crew' || kind === 'reviews') return join(dir, 'rigs', rig, kind, name)
  return join(dir, 'rigs', rig, 'polecats', name, k)
}
