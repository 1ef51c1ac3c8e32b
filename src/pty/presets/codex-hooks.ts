// What Codex CLI's hooks say, and how they are answered. Their JSON is shaped like Claude Code's.
//
// Traps: a turn that failed fires no hook at all (the screen shows it); a Stop hook that blocks has no cap, so it
// blocks once in a turn; PermissionRequest has no id of the call; PostToolUse does not say how a command exited.

import type { Heard } from '../../events/hearing.ts'
import type { HookCall, HookMeaning, HookReply, PermissionAsk } from '../../ports/presets.ts'
import { asLine, asObject, type Json, toolAsk } from './hook-input.ts'
import { heardAlike, printed, promptOf, type Replies, replyAlike } from './hook-shape.ts'

export function hearCodex({ event, input }: HookCall): HookMeaning {
  const said = asObject(input)
  return {
    heard: heardAlike(event, said) ?? heardIn(event, said),
    asks: event === 'PermissionRequest' ? askOf(said) : null,
    guards: event === 'PreToolUse' ? askOf(said) : null,
    mayGoOn: event === 'Stop' && said.stop_hook_active === false,
    prompt: event === 'UserPromptSubmit' ? promptOf(said) : null,
  }
}

function heardIn(event: string, said: Json): Heard[] {
  const via = 'hook'
  const tool = asLine(said.tool_name, 200)
  switch (event) {
    case 'PermissionRequest': {
      const { command, files } = askOf(said)
      return [{ kind: 'asks', via, what: 'permission', tool, message: asLine(command ?? files.join(' ')) }]
    }
    case 'SubagentStop':
      return [{ kind: 'subagentEnded', via }]
    case 'Stop':
      return [{ kind: 'turnEnded', via, background: 0 }]
    case 'Interrupt':
      return [{ kind: 'interrupted', via }]
    case 'SessionEnd':
      // The same program goes on in another conversation.
      return said.reason === 'clear' ? [] : [{ kind: 'ends', via, reason: asLine(said.reason) }]
    default:
      return []
  }
}

const PATCHED = /^\*\*\* (?:Add|Update|Delete) File: (.+)$|^\*\*\* Move to: (.+)$/gm
const FILES_MAX = 50

/** A patch names its files in its text. */
function askOf(said: Json): PermissionAsk {
  const ask = toolAsk(said)
  if (ask.tool !== 'apply_patch') return ask
  const files = [...(ask.command ?? '').matchAll(PATCHED)].map(([, file, moved]) => file ?? moved ?? '')
  return { ...ask, files: [...new Set(files)].slice(0, FILES_MAX) }
}

/** What to print, and the exit code, so that this event's hook says `reply`. */
export const answerCodex = (event: string, reply: HookReply): { stdout: string; exitCode: number } =>
  printed(replyAlike(event, reply, REPLIES))

const REPLIES: Replies = {
  takesContext: new Set(['SessionStart', 'UserPromptSubmit']),
  blocks: new Set(['UserPromptSubmit', 'Stop']),
  allowsTools: false,
}
