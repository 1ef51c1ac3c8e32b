// Reading the Deacon's dogs: what each does, and what they were asked to judge.

import { dogOwner } from '../../events/address.ts'
import { DOG_NAMES, DOGS_DEFAULT } from '../../events/dog-settings.ts'
import { townSetting } from '../../projections/town.ts'
import { read } from '../read.ts'

const list = read({
  path: '/v1/dogs',
  summary: 'The dogs of the Deacon: what each does, since when, and the last judgements with their cost.',
  run({ view: { projections, seq } }) {
    const set = townSetting(projections.town.rows, 'limits.dogs')
    const { byAddress, judgements } = projections.dogs.rows
    const names = DOG_NAMES.map(dogOwner).slice(0, typeof set === 'number' ? set : DOGS_DEFAULT)
    const more = [...byAddress.values()].filter(
      ({ address, chore }) => chore !== null && !names.includes(address),
    )
    const items = [...names, ...more.map(({ address }) => address)].map((address) => {
      const row = byAddress.get(address)
      const { chore = null, since = null, problem = null, done = 0, failed = 0 } = row ?? {}
      return structuredClone({
        address,
        state: chore === null ? 'idle' : 'working',
        chore,
        since,
        problem,
        done,
        failed,
      })
    })
    return { items, judgements: structuredClone(judgements.toReversed()), seq }
  },
})

export const dogReads = [list]
