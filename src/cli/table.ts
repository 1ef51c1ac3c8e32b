// All commands by name, each loaded only when it is run.

import type { Command } from './command.ts'
import { UsageError } from './usage.ts'

type Module = Readonly<Record<string, unknown>>
type Row = readonly [name: string, load: () => Promise<Module>, exported: string]

const rows: readonly Row[] = [
  ['hook', () => import('./commands/hook.ts'), 'hook'],
  ['prime', () => import('./commands/prime.ts'), 'prime'],
  ['done', () => import('./commands/done.ts'), 'done'],
  ['handoff', () => import('./commands/handoff.ts'), 'handoff'],
  ['review', () => import('./commands/review.ts'), 'review'],
  ['report', () => import('./commands/report.ts'), 'report'],
  ['install', () => import('./commands/install.ts'), 'install'],
  ['up', () => import('./commands/up.ts'), 'up'],
  ['down', () => import('./commands/down.ts'), 'down'],
  ['restart', () => import('./commands/restart.ts'), 'restart'],
  ['version', () => import('./commands/version.ts'), 'version'],
  ['recap', () => import('./commands/recap.ts'), 'recap'],
  ['status', () => import('./commands/status.ts'), 'status'],
  ['rig add', () => import('./commands/rig.ts'), 'rigAdd'],
  ['rig list', () => import('./commands/rig.ts'), 'rigList'],
  ['rig show', () => import('./commands/rig.ts'), 'rigShow'],
  ['rig park', () => import('./commands/rig-park.ts'), 'rigPark'],
  ['rig unpark', () => import('./commands/rig-park.ts'), 'rigUnpark'],
  ['rig restore', () => import('./commands/rig-restore.ts'), 'rigRestore'],
  ['rig remote', () => import('./commands/rig-park.ts'), 'rigRemote'],
  ['rig config', () => import('./commands/config.ts'), 'rigConfig'],
  ['config get', () => import('./commands/config.ts'), 'configGet'],
  ['config set', () => import('./commands/config.ts'), 'configSet'],
  ['config unset', () => import('./commands/config.ts'), 'configUnset'],
  ['config list', () => import('./commands/config.ts'), 'configList'],
  ['bead create', () => import('./commands/bead-create.ts'), 'beadCreate'],
  ['bead show', () => import('./commands/bead-show.ts'), 'beadShow'],
  ['bead list', () => import('./commands/bead-list.ts'), 'beadList'],
  ['bead ready', () => import('./commands/bead-list.ts'), 'beadReady'],
  ['bead blocked', () => import('./commands/bead-list.ts'), 'beadBlocked'],
  ['bead search', () => import('./commands/bead-list.ts'), 'beadSearch'],
  ['bead update', () => import('./commands/bead-change.ts'), 'beadUpdate'],
  ['bead close', () => import('./commands/bead-change.ts'), 'beadClose'],
  ['bead reopen', () => import('./commands/bead-change.ts'), 'beadReopen'],
  ['bead comment', () => import('./commands/bead-change.ts'), 'beadComment'],
  ['bead label', () => import('./commands/bead-change.ts'), 'beadLabel'],
  ['bead dep add', () => import('./commands/bead-needs.ts'), 'depAdd'],
  ['bead dep remove', () => import('./commands/bead-needs.ts'), 'depRemove'],
  ['bead dep tree', () => import('./commands/bead-needs.ts'), 'depTree'],
  ['sling', () => import('./commands/sling.ts'), 'sling'],
  ['wait', () => import('./commands/wait.ts'), 'wait'],
  ['scheduler list', () => import('./commands/scheduler.ts'), 'schedulerList'],
  ['start', () => import('./commands/start.ts'), 'start'],
  ['feed', () => import('./commands/feed.ts'), 'feed'],
  ['agents', () => import('./commands/agents.ts'), 'agents'],
  ['polecat list', () => import('./commands/agents.ts'), 'polecatList'],
  ['polecat show', () => import('./commands/agents.ts'), 'polecatShow'],
  ['crew add', () => import('./commands/crew.ts'), 'crewAdd'],
  ['crew start', () => import('./commands/crew.ts'), 'crewStart'],
  ['crew at', () => import('./commands/crew.ts'), 'crewAt'],
  ['crew stop', () => import('./commands/crew.ts'), 'crewStop'],
  ['crew remove', () => import('./commands/crew.ts'), 'crewRemove'],
  ['crew list', () => import('./commands/crew.ts'), 'crewList'],
  ['mayor attach', () => import('./commands/mayor.ts'), 'mayorAttach'],
  ['mayor plan', () => import('./commands/mayor.ts'), 'mayorPlan'],
  ['mayor stop', () => import('./commands/mayor.ts'), 'mayorStop'],
  ['plan propose', () => import('./commands/plan.ts'), 'planPropose'],
  ['plan show', () => import('./commands/plan.ts'), 'planShow'],
  ['plan list', () => import('./commands/plan.ts'), 'planList'],
  ['polecat nuke', () => import('./commands/nuke.ts'), 'polecatNuke'],
  ['polecat undo', () => import('./commands/nuke.ts'), 'polecatUndo'],
  ['unsling', () => import('./commands/nuke.ts'), 'unsling'],
  ['stop', () => import('./commands/nuke.ts'), 'stop'],
  ['trash list', () => import('./commands/trash.ts'), 'trashList'],
  ['trash show', () => import('./commands/trash.ts'), 'trashShow'],
  ['trash restore', () => import('./commands/trash.ts'), 'trashRestore'],
  ['trash empty', () => import('./commands/trash-empty.ts'), 'trashEmpty'],
  ['dog list', () => import('./commands/dog.ts'), 'dogList'],
  ['peek', () => import('./commands/peek.ts'), 'peek'],
  ['attach', () => import('./commands/attach.ts'), 'attach'],
  ['seance', () => import('./commands/seance.ts'), 'seance'],
  ['play', () => import('./commands/play.ts'), 'play'],
  ['mq list', () => import('./commands/mq.ts'), 'mqList'],
  ['mq show', () => import('./commands/mq.ts'), 'mqShow'],
  ['mq next', () => import('./commands/mq-next.ts'), 'mqNext'],
  ['mq receipt', () => import('./commands/mq.ts'), 'mqReceipt'],
  ['mq audit', () => import('./commands/mq-audit.ts'), 'mqAudit'],
  ['mq packet', () => import('./commands/mq-packet.ts'), 'mqPacket'],
  ['mq retry', () => import('./commands/mq.ts'), 'mqRetry'],
  ['mq reject', () => import('./commands/mq-undo.ts'), 'mqReject'],
  ['mq revert', () => import('./commands/mq-undo.ts'), 'mqRevert'],
  ['mq freeze', () => import('./commands/mq-target.ts'), 'mqFreeze'],
  ['mq thaw', () => import('./commands/mq-target.ts'), 'mqThaw'],
  ['mq retest', () => import('./commands/mq-target.ts'), 'mqRetest'],
  ['mq integration create', () => import('./commands/mq-integration.ts'), 'mqIntegrationCreate'],
  ['mq integration status', () => import('./commands/mq-integration.ts'), 'mqIntegrationStatus'],
  ['mq integration land', () => import('./commands/mq-integration.ts'), 'mqIntegrationLand'],
  ['gates report', () => import('./commands/gates.ts'), 'gatesReport'],
  ['mail inbox', () => import('./commands/mail.ts'), 'mailInbox'],
  ['mail read', () => import('./commands/mail.ts'), 'mailRead'],
  ['nudge', () => import('./commands/nudge.ts'), 'nudge'],
  ['nudge read', () => import('./commands/nudge.ts'), 'nudgeRead'],
  ['nudge show', () => import('./commands/nudge.ts'), 'nudgeShow'],
  ['nudge list', () => import('./commands/nudge.ts'), 'nudgeList'],
  ['nudge withdraw', () => import('./commands/nudge.ts'), 'nudgeWithdraw'],
  ['broadcast', () => import('./commands/nudge.ts'), 'broadcast'],
  ['cv', () => import('./commands/cv.ts'), 'cv'],
  ['costs', () => import('./commands/costs.ts'), 'costs'],
  ['budget list', () => import('./commands/budget.ts'), 'budgetList'],
  ['budget set', () => import('./commands/budget.ts'), 'budgetSet'],
  ['budget unset', () => import('./commands/budget.ts'), 'budgetUnset'],
  ['estop', () => import('./commands/estop.ts'), 'estop'],
  ['thaw', () => import('./commands/estop.ts'), 'thaw'],
  ['inbox', () => import('./commands/inbox.ts'), 'inbox'],
  ['answer', () => import('./commands/answer.ts'), 'answer'],
  ['ask', () => import('./commands/ask.ts'), 'ask'],
  ['escalate list', () => import('./commands/escalate.ts'), 'escalateList'],
  ['escalate close', () => import('./commands/escalate.ts'), 'escalateClose'],
  ['history', () => import('./commands/history.ts'), 'history'],
  ['diff', () => import('./commands/diff.ts'), 'diff'],
  ['why', () => import('./commands/why.ts'), 'why'],
  ['replay', () => import('./commands/replay.ts'), 'replay'],
  ['fork', () => import('./commands/fork.ts'), 'fork'],
  ['bisect', () => import('./commands/bisect.ts'), 'bisect'],
  ['log', () => import('./commands/log.ts'), 'log'],
  ['log backup', () => import('./commands/log-backup.ts'), 'logBackup'],
  ['log verify', () => import('./commands/log-verify.ts'), 'logVerify'],
  ['log export', () => import('./commands/log-export.ts'), 'logExport'],
  ['log import', () => import('./commands/log-import.ts'), 'logImport'],
  ['log stats', () => import('./commands/log-stats.ts'), 'logStats'],
  ['log repair', () => import('./commands/log-repair.ts'), 'logRepair'],
  ['log erase', () => import('./commands/log-erase.ts'), 'logErase'],
  ['log compact', () => import('./commands/log-compact.ts'), 'logCompact'],
  ['dashboard', () => import('./commands/dashboard.ts'), 'dashboard'],
  ['token create', () => import('./commands/token.ts'), 'tokenCreate'],
  ['token list', () => import('./commands/token.ts'), 'tokenList'],
  ['token revoke', () => import('./commands/token.ts'), 'tokenRevoke'],
  ['machine', () => import('./commands/machine.ts'), 'machine'],
  ['doctor', () => import('./commands/doctor.ts'), 'doctor'],
  ['help', () => import('./commands/help.ts'), 'help'],
]

const byName: ReadonlyMap<string, Row> = new Map(rows.map((row) => [row[0], row]))

export const COMMAND_NAMES: readonly string[] = rows.map(([name]) => name)

/** The longest name that the line begins with, and the words after it. */
export function commandNamed(argv: readonly string[]): { name: string; rest: string[] } {
  const [first] = argv
  if (first === undefined || first === '--help' || first === '-h')
    return { name: 'help', rest: argv.slice(1) }
  if (first === '--version' || first === '-v') return { name: 'version', rest: argv.slice(1) }
  // Options may stand before the command: gt --town T status.
  const from = argv.findIndex((word, n) => !word.startsWith('-') && argv[n - 1] !== '--town')
  if (from === -1) throw new UsageError('which command?', '')
  const before = argv.slice(0, from)
  for (let length = Math.min(3, argv.length - from); length > 0; length -= 1) {
    const name = argv.slice(from, from + length).join(' ')
    if (byName.has(name)) return { name, rest: [...before, ...argv.slice(from + length)] }
  }
  const word = argv[from] as string
  const below = COMMAND_NAMES.filter((name) => name.startsWith(`${word} `))
  if (below.length > 0) {
    const verbs = below.map((name) => name.slice(word.length + 1)).join(', ')
    throw new UsageError(`gt ${word} needs one of: ${verbs}`, '')
  }
  throw new UsageError(`there is no command ${JSON.stringify(word.slice(0, 40))}`, '')
}

export async function loadCommand(name: string): Promise<Command> {
  const [, load, exported] = byName.get(name) as Row
  return (await load())[exported] as Command
}
