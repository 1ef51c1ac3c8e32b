// An owner that does not do what is due is built again, in the system that holds it.

import type { CarryOut } from './carrier.ts'

export const restartRole: CarryOut<'role.restart'> = ({ role, promises }, _, { system }) => {
  const { again, over } = system.restart(role, promises)
  return Promise.resolve({ type: 'role.restarted', role, again: [...again], over: [...over] })
}
