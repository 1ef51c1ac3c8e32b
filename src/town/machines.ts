// Charts and lists of the machines, for the command line.

export { describe, mermaid } from '../actors/chart.ts'
export { MACHINES } from '../actors/index.ts'
export { FACT_TYPES, MESSAGE_TYPES } from '../events/index.ts'
