// What Claude Code's hooks say, and how they are answered.
//
// Traps: `Stop` is not the end of all work (background tasks begin turns by themselves), StopFailure comes instead
// of it, also of a subagent or a summary whose turn goes on (it has an `agent_id` then), and a key that interrupts fires
// no hook at all: the screen shows that one. PreCompact comes without PostCompact when there is one exchange only, which
// is not compacted, and when the summary failed.

import type { Heard } from '../../events/hearing.ts'
import type { HookCall, HookMeaning, HookReply, PermissionAsk } from '../../ports/presets.ts'
import { asLine, asList, asObject, type Json, toolAsk } from './hook-input.ts'
import { heardAlike, printed, promptOf, type Replies, replyAlike } from './hook-shape.ts'
import { resetTime } from './reset-time.ts'

/** `now` (ms) is what the time of a limit is counted from. */
export function hearClaude({ event, input }: HookCall, now: number): HookMeaning {
  const said = asObject(input)
  return {
    heard: heardAlike(event, said) ?? heardIn(event, said, now),
    asks: event === 'PermissionRequest' ? toolAsk(said, kindOf(asLine(said.tool_name))) : null,
    guards: event === 'PreToolUse' ? toolAsk(said) : null,
    mayGoOn:
      event === 'Stop' && said.stop_hook_active === false && asList(said.background_tasks).length === 0,
    prompt: event === 'UserPromptSubmit' ? promptOf(said) : null,
  }
}

function heardIn(event: string, said: Json, now: number): Heard[] {
  const via = 'hook'
  const tool = asLine(said.tool_name, 200)
  switch (event) {
    case 'PostToolUseFailure':
      return [{ kind: 'toolEnded', via, tool, failed: true }]
    case 'PermissionRequest': {
      const { what, command, files } = toolAsk(said, kindOf(tool))
      return [{ kind: 'asks', via, what, tool, message: asLine(command ?? files.join(' ')) }]
    }
    case 'PermissionDenied':
      return [{ kind: 'toolDenied', via, tool }]
    case 'Notification':
      return notified(said)
    case 'Stop':
      return [{ kind: 'turnEnded', via, background: asList(said.background_tasks).length }]
    case 'StopFailure':
      return asLine(said.agent_id) === '' ? failed(said, now) : []
    case 'SubagentStop':
      // Compaction runs as a subagent without a type.
      return asLine(said.agent_type) === '' ? [] : [{ kind: 'subagentEnded', via }]
    case 'SessionEnd':
      // After these two the same program goes on in another conversation.
      return said.reason === 'clear' || said.reason === 'resume'
        ? []
        : [{ kind: 'ends', via, reason: asLine(said.reason) }]
    default:
      return []
  }
}

function kindOf(tool: string): PermissionAsk['what'] {
  if (tool === 'AskUserQuestion') return 'question'
  return tool === 'ExitPlanMode' || tool === 'EnterPlanMode' ? 'plan' : 'permission'
}

function notified(said: Json): Heard[] {
  const message = asLine(said.message)
  switch (said.notification_type) {
    case 'permission_prompt':
      return [{ kind: 'asks', via: 'hook', what: 'permission', tool: '', message }]
    case 'idle_prompt':
      return [{ kind: 'looksIdle', via: 'hook' }]
    default:
      return []
  }
}

/** Compacted or not, it is too long; its `error` is that of any other bad request. */
const FULL = /^(Prompt is too long|Autocompact is thrashing)/

function failed(said: Json, now: number): Heard[] {
  const message = asLine(said.last_assistant_message) || asLine(said.error_details)
  const error = FULL.test(message) ? 'context_full' : asLine(said.error, 200) || 'unknown'
  const turn: Heard = { kind: 'turnFailed', via: 'hook', error, message }
  // Only a limit that says when it is over is one that the program waits for.
  if (!/\bresets\b/i.test(message)) return [turn]
  return [turn, { kind: 'limited', via: 'hook', until: resetTime(message, now), message }]
}

/** What to print, and the exit code, so that this event's hook says `reply`. */
export const answerClaude = (event: string, reply: HookReply): { stdout: string; exitCode: number } =>
  printed(replyAlike(event, reply, REPLIES))

const REPLIES: Replies = {
  takesContext: new Set(['SessionStart', 'UserPromptSubmit', 'PostToolUse', 'PostToolUseFailure']),
  blocks: new Set(['UserPromptSubmit', 'Stop', 'SubagentStop']),
  allowsTools: true,
}
