// What a person's ~/.codex holds who uses Codex CLI with a provider of their own: here, the model on the loopback.

import type { AgentHome } from './home.ts'
import type { Model } from './model.ts'

/** No trust of any folder and no hooks: those are settled by the preset. */
export function codexWasSetUp({ write }: AgentHome, model: Model, retries = 0): void {
  write(
    '.codex/config.toml',
    `model = "gpt-5.4"
model_provider = "local"

[model_providers.local]
name = "local"
base_url = "${model.url}/v1"
wire_api = "responses"
env_key = "OPENAI_API_KEY"
request_max_retries = ${retries}
stream_max_retries = ${retries}
`,
  )
}
