// gt dog list: the Deacon's dogs, and what they do.

import type { Command } from '../command.ts'
import { since, table } from '../layout.ts'
import { safeLine } from '../sanitize.ts'

type Dog = {
  address: string
  state: 'idle' | 'working'
  chore: { id: string; kind: 'clean' | 'judge' } | null
  since: string | null
  problem: { code: string; message: string } | null
  done: number
  failed: number
}
type Judgement = {
  at: string
  about: string
  choice: string
  by: string
  why: string
  costUsd: number | null
}

const KINDS = { clean: 'takes away what is old', judge: 'asks a model once' } as const
const JUDGEMENTS_SHOWN = 5

export const dogList: Command = {
  name: 'dog list',
  summary: 'dogs (helpers of the Deacon), with what they do',
  usage: '',
  words: [0, 0],
  async run(call) {
    const found = await call.town().get<{ items: Dog[]; judgements: Judgement[] }>('/v1/dogs', {
      at: typeof call.values.at === 'string' ? call.values.at : undefined,
    })
    const now = new Date().toISOString()
    call.out.answer({
      json: found,
      ids: found.items.map(({ address }) => address),
      lines: () => [
        ...table(
          ['DOG', 'STATE', 'FOR', 'DONE', ''],
          found.items.map(({ address, state, chore, since: from, problem, done }) => [
            address,
            state,
            from === null ? '-' : since(from, now),
            String(done),
            [chore === null ? '' : KINDS[chore.kind], problem === null ? '' : safeLine(problem.message)]
              .filter((part) => part !== '')
              .join('; '),
          ]),
          { wide: 4, columns: call.out.columns },
        ),
        ...found.judgements
          .slice(0, JUDGEMENTS_SHOWN)
          .map(
            ({ at, about, choice, by, why, costUsd }) =>
              `${since(at, now)} ago, ${about}: ${choice} (${by === 'model' ? 'a model' : 'the safe way'}${costUsd === null ? '' : `, $${costUsd.toFixed(2)}`})${why === '' ? '' : `: ${safeLine(why)}`}`,
          ),
      ],
    })
  },
}
