import { codex } from '../../src/pty/presets/codex.ts'
import { codexWasSetUp } from './codex-home.ts'
import { conformance } from './conformance.ts'
import { MADE_UP_KEY } from './home.ts'
import { TOKENS } from './model-stream.ts'
import { startResponsesModel } from './responses-model.ts'

conformance({
  preset: codex,
  startModel: startResponsesModel,
  setUp: codexWasSetUp,
  login: () => ({ OPENAI_API_KEY: MADE_UP_KEY }),
  // What leaves the sandbox is asked for.
  askedAbout: { run: 'touch asked.txt', escalate: 'It is to be asked about.' },
  tokens: TOKENS,
})
