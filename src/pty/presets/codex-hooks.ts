// What Codex CLI's hooks say, and how they are answered. Their JSON is shaped like Claude Code's.
//
// Traps: a turn that failed fires no hook at all (the screen shows it); a Stop hook that blocks has no cap, so it
// blocks once in a turn; PermissionRequest has no id of the call.

import type { Heard } from '../../events/hearing.ts'
import type { HookCall, HookMeaning, HookReply, PermissionAsk } from '../../ports/presets.ts'
import { asLine, asObject, asText, type Json, toolAsk } from './hook-input.ts'

export function hearCodex({ event, input }: HookCall): HookMeaning {
  const said = asObject(input)
  return {
    heard: heardIn(event, said),
    asks: event === 'PermissionRequest' ? askOf(said) : null,
    guards: event === 'PreToolUse' ? askOf(said) : null,
    mayGoOn: event === 'Stop' && said.stop_hook_active === false,
    prompt: event === 'UserPromptSubmit' && typeof said.prompt === 'string' ? said.prompt : null,
  }
}

function heardIn(event: string, said: Json): Heard[] {
  const via = 'hook'
  const tool = asLine(said.tool_name, 200)
  switch (event) {
    case 'SessionStart':
      return [
        {
          kind: 'ready',
          via,
          runtimeSession: asText(said.session_id),
          transcript: asText(said.transcript_path),
          model: asText(said.model),
          source: SOURCES.find((source) => source === said.source) ?? 'startup',
        },
      ]
    case 'UserPromptSubmit':
      return [{ kind: 'turnStarted', via, nudge: null }]
    case 'PreToolUse':
      return [{ kind: 'toolStarted', via, tool }]
    // How a command exited is not said.
    case 'PostToolUse':
      return [{ kind: 'toolEnded', via, tool, failed: false }]
    case 'PermissionRequest': {
      const { command, files } = askOf(said)
      return [{ kind: 'asks', via, what: 'permission', tool, message: asLine(command ?? files.join(' ')) }]
    }
    case 'PreCompact':
      return [{ kind: 'compacting', via, trigger: said.trigger === 'manual' ? 'manual' : 'auto' }]
    case 'PostCompact':
      return [{ kind: 'compacted', via }]
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

const SOURCES = ['startup', 'resume', 'fork', 'clear', 'compact'] as const

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
export function answerCodex(event: string, reply: HookReply): { stdout: string; exitCode: number } {
  const said = outputOf(event, reply)
  return { stdout: said === null ? '' : `${JSON.stringify(said)}\n`, exitCode: 0 }
}

function outputOf(event: string, reply: HookReply): Json | null {
  const specific = (fields: Json): Json => ({ hookSpecificOutput: { hookEventName: event, ...fields } })
  switch (reply.kind) {
    case 'none':
      return null
    case 'context':
      return event === 'SessionStart' || event === 'UserPromptSubmit'
        ? specific({ additionalContext: reply.text })
        : null
    case 'allow':
      return event === 'PermissionRequest' ? specific({ decision: { behavior: 'allow' } }) : null
    case 'deny':
    case 'block': {
      const { reason } = reply
      if (event === 'PermissionRequest') return specific({ decision: { behavior: 'deny', message: reason } })
      if (event === 'PreToolUse')
        return specific({ permissionDecision: 'deny', permissionDecisionReason: reason })
      return event === 'UserPromptSubmit' || event === 'Stop' ? { decision: 'block', reason } : null
    }
  }
}
