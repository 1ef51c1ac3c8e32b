// gt hook: what an agent has to do. With a name, or outside a session: what that agent has.

import { part } from '../../client/connection.ts'
import type { Command } from '../command.ts'

type Own = { bead: { id: string; title?: string } | null; branch: string; worktree: string; attempt: number }
type Hook = { agent: string; bead: string | null; since?: string }

export const hook: Command = {
  name: 'hook',
  summary: 'what is on a hook (the work somebody has)',
  usage: '[agent]',
  words: [0, 1],
  async run({ words: [agent], out, town, env, values }) {
    const inSession = env.GT_SESSION !== undefined && env.GT_SESSION !== ''
    if (agent === undefined && inSession) {
      const found = await town().command<Own>('hook', {})
      const { bead, branch, worktree, attempt } = found
      out.answer({
        json: found,
        ids: bead === null ? [] : [bead.id],
        lines: () => [
          `${bead?.id}  ${bead?.title ?? ''}`,
          `branch ${branch}, attempt ${attempt}, in ${worktree}`,
        ],
      })
      return
    }
    const query = { at: values.at as string | undefined }
    if (agent !== undefined) {
      const found = await town().get<Hook>(`/v1/hooks/${part(agent)}`, query)
      out.answer({ json: found, ids: found.bead === null ? [] : [found.bead], lines: () => [said(found)] })
      return
    }
    const { items } = await town().get<{ items: Hook[] }>('/v1/hooks', query)
    out.answer({ json: items, ids: items.flatMap(({ bead }) => bead ?? []), lines: () => items.map(said) })
  },
}

const said = ({ agent, bead, since }: Hook): string =>
  bead === null ? `${agent}  has nothing` : `${agent}  ${bead}  since ${since}`
