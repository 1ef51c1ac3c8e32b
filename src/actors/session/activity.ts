// What an agent did since the last record of it, folded.
//
// Always:    bounded: the twenty tools used most, by names of at most 100 characters.

import type { Activity, Heard } from '../../events/hearing.ts'

const TOOLS_MAX = 20
const NAME_CHARS_MAX = 100

export const NO_ACTIVITY: Activity = { turns: 0, tools: 0, failedTools: 0, byTool: {}, lastTool: null }

export const hasActivity = ({ turns, tools, failedTools }: Activity): boolean =>
  turns + tools + failedTools > 0

/** `activity` with what was heard just now. Never throws. */
export function fold(activity: Activity, heard: Heard): Activity {
  switch (heard.kind) {
    case 'turnStarted':
      return { ...activity, turns: activity.turns + 1 }
    case 'toolStarted': {
      const tool = heard.tool.slice(0, NAME_CHARS_MAX)
      return {
        ...activity,
        tools: activity.tools + 1,
        byTool: counted(activity.byTool, tool),
        lastTool: tool,
      }
    }
    case 'toolEnded':
      return heard.failed ? { ...activity, failedTools: activity.failedTools + 1 } : activity
    case 'toolDenied':
      return { ...activity, failedTools: activity.failedTools + 1 }
    default:
      return activity
  }
}

/** When there are too many names, the one used least gives way, the newest last. */
function counted(byTool: Activity['byTool'], tool: string): Activity['byTool'] {
  const before = Object.hasOwn(byTool, tool) ? (byTool[tool] ?? 0) : 0
  const entries = Object.entries(byTool).filter(([name]) => name !== tool)
  if (entries.length >= TOOLS_MAX) {
    const least = Math.min(...entries.map(([, count]) => count))
    entries.splice(
      entries.findIndex(([, count]) => count === least),
      1,
    )
  }
  return Object.fromEntries([...entries, [tool, before + 1]])
}
