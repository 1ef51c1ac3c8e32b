// Claude Code, as the tests of real programs start it.

import { claude } from '../../src/pty/presets/claude.ts'
import type { Runtime } from './conversation.ts'
import { claudeWasSetUp, MADE_UP_KEY } from './home.ts'
import { startMessagesModel } from './messages-model.ts'

export const CLAUDE: Runtime = {
  preset: claude,
  startModel: startMessagesModel,
  setUp: claudeWasSetUp,
  login: (model) => ({ ANTHROPIC_API_KEY: MADE_UP_KEY, ANTHROPIC_BASE_URL: model.url }),
}
