import { claude } from '../../src/pty/presets/claude.ts'
import { conformance } from './conformance.ts'
import { claudeWasSetUp, MADE_UP_KEY } from './home.ts'
import { startModel } from './model.ts'
import { TOKENS } from './model-stream.ts'

conformance({
  preset: claude,
  startModel,
  setUp: claudeWasSetUp,
  login: (model) => ({ ANTHROPIC_API_KEY: MADE_UP_KEY, ANTHROPIC_BASE_URL: model.url }),
  askedAbout: { run: 'touch asked.txt' },
  tokens: TOKENS,
})
