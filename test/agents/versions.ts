export { fetchedProgram, PINNED, withoutAgents } from '../../scripts/agent-versions.ts'
