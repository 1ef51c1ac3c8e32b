// Telling the person at once, by every way that is set: webhook, a program of theirs, the desktop.
//
// Always:    what is sent is what was asked, without any token or variable of ours; a notice is never sent twice: after
//            a crash in between nobody knows whether it went, and that is what is noted.

import { TOWN } from '../../events/address.ts'
import type { Json } from '../../events/record.ts'
import type { NoticeOutcome } from '../../ports/notices.ts'
import { decision as decisionRow } from '../../projections/decisions.ts'
import { baseEnvironment } from '../environment.ts'
import type { Carrier, CarryOut } from './carrier.ts'

/** Longest that a webhook may take, ms. */
const WEBHOOK_MS_MAX = 10_000
const LINE_MAX = 500

type Notice = {
  readonly decision: string
  readonly agent: string
  readonly title: string
  readonly body: string
}

/** What a desktop needs to be reached. */
const DESKTOP = ['DISPLAY', 'WAYLAND_DISPLAY', 'DBUS_SESSION_BUS_ADDRESS', 'XDG_RUNTIME_DIR', 'XAUTHORITY']

export const sendNotice: CarryOut<'notice.send'> = async (params, { id, again, signal }, town) => {
  if (again)
    return {
      type: 'notice.notSent',
      decision: params.decision,
      code: 'NOTICE_UNKNOWN',
      message: 'The town went down while it was sent, so nobody knows whether it went.',
    }
  const { 'notify.webhook': url, 'notify.command': command, 'notify.desktop': desktop } = settingsOf(town)
  // A desktop is outside of a fork: it is told there when a person of the fork has said so.
  const quiet = desktop === false || (desktop !== true && town.system.owner(TOWN)?.context.fork != null)
  const { decision } = params
  const notice = { ...params, title: plain(params.title), body: plain(answerable(params, town)) }
  const tries = [
    ...(typeof url === 'string' ? [webhook(url, notice, town, signal)] : []),
    ...(Array.isArray(command) ? [byProgram('command', command.map(String), notice, town, id)] : []),
    ...(quiet ? [] : [onDesktop(notice, town, id, desktop === true)]),
  ]
  const results = await Promise.all(tries)
  const ways = results.flatMap((one) => (one?.problem === null ? one.way : []))
  const failed = results.flatMap((one) =>
    one === null || one.problem === null ? [] : `${one.way}: ${one.problem}`.slice(0, LINE_MAX),
  )
  return ways.length === 0 && failed.length > 0
    ? { type: 'notice.notSent', decision, code: 'NOTICE_FAILED', message: failed.join('; ') }
    : { type: 'notice.sent', decision, ways, failed }
}

/** As `gt inbox` counts them: the id that the notice was decided with is long to type. */
function answerable({ decision, body }: Notice, { projections }: Carrier): string {
  const row = decisionRow(projections.decisions.rows, decision)
  const at = body.lastIndexOf(`gt answer ${decision} `)
  if (row === null || at === -1) return body
  return `${body.slice(0, at)}gt answer ${row.n} ${body.slice(at + `gt answer ${decision} `.length)}`
}

type Tried = { readonly way: string; readonly problem: string | null } | null

const settingsOf = ({ system }: Carrier) =>
  (system.owner(TOWN)?.context.settings ?? {}) as { readonly [key: string]: Json | undefined }

async function webhook(url: string, notice: Notice, town: Carrier, signal: AbortSignal): Promise<Tried> {
  const way = 'webhook'
  try {
    const answer = await fetch(url, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ ...notice, town: nameOf(town) }),
      redirect: 'error',
      signal: AbortSignal.any([signal, AbortSignal.timeout(WEBHOOK_MS_MAX)]),
    })
    await answer.body?.cancel()
    return { way, problem: answer.ok ? null : `it answered ${answer.status}` }
  } catch (error) {
    const { name, message, cause } = error as Error
    const why = name === 'TimeoutError' ? `no answer within ${WEBHOOK_MS_MAX / 1_000} s` : message
    return { way, problem: cause instanceof Error ? `${why} (${cause.message})` : why }
  }
}

async function byProgram(
  way: string,
  command: readonly string[],
  notice: Notice,
  town: Carrier,
  id: string,
): Promise<Exclude<Tried, null>> {
  const outcome = await run(way, command, notice, town, id)
  return { way, problem: outcome.kind === 'done' ? null : outcome.message }
}

/** Nothing is said of a desktop that is not there, unless the person asked for it. */
async function onDesktop(notice: Notice, town: Carrier, id: string, wanted: boolean): Promise<Tried> {
  const command = desktopCommand(notice, town.operatorEnv)
  if (command === null) return wanted ? { way: 'desktop', problem: 'there is none in this session' } : null
  const outcome = await run('desktop', command, notice, town, id)
  if (outcome.kind === 'done') return { way: 'desktop', problem: null }
  return wanted || outcome.kind === 'failed' ? { way: 'desktop', problem: outcome.message } : null
}

function run(
  way: string,
  command: readonly string[],
  notice: Notice,
  town: Carrier,
  id: string,
): Promise<NoticeOutcome> {
  const { operatorEnv, bin } = town
  const env = {
    ...baseEnvironment(operatorEnv, { allow: DESKTOP, bin, tmp: operatorEnv.TMPDIR ?? '/tmp' }),
    GT_NOTICE_TITLE: notice.title,
    GT_NOTICE_BODY: notice.body,
    GT_NOTICE_DECISION: notice.decision,
  }
  const input = `${JSON.stringify({ ...notice, town: nameOf(town) })}\n`
  return town.noticesFor(`${id} ${way}`).notify({ command, env, input })
}

const nameOf = ({ system }: Carrier): string => String(system.owner(TOWN)?.context.name ?? '')

/** Texts are arguments of their own, and nothing in them is read as a program or as markup. */
function desktopCommand(
  { title, body }: Notice,
  env: Readonly<Record<string, string | undefined>>,
  system: string = process.platform,
): readonly string[] | null {
  if (system === 'darwin')
    return [
      'osascript',
      '-e',
      'on run argv',
      '-e',
      'display notification (item 2 of argv) with title (item 1 of argv)',
      '-e',
      'end run',
      title,
      body,
    ]
  const isReached = DESKTOP.slice(0, 3).some((name) => (env[name] ?? '') !== '')
  return isReached ? ['notify-send', '--app-name=gt', '--', title, withoutMarkup(body)] : null
}

const withoutMarkup = (text: string): string =>
  text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;')

/** NUL and the like cannot stand in a variable or an argument. */
const plain = (text: string): string => text.replaceAll(/[^\P{Cc}\n\t]/gu, '\u{fffd}')
