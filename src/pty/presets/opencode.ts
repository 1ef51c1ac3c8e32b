// The preset of opencode. It has not passed the conformance suite (`proved` is empty): `gt` says so where it is used.
//
//   Hooks:   none. Its only way to say what it does is a plugin, for which it fetches a package from a registry at each
//            start, and hangs without one. Its screen is all the evidence there is: a nudge is never confirmed by a hook,
//            a permission is asked for in its terminal, and what it used is not known.
//   Always:  ours is laid over the person's settings by OPENCODE_CONFIG_CONTENT, for this session alone.

import path from 'node:path'
import type { Launch, LaunchAsk, Preset } from '../../ports/presets.ts'
import { readOpencode } from './opencode-screen.ts'
import { typedOrders } from './typed-orders.ts'

const LOGIN = [
  'ANTHROPIC_API_KEY',
  'OPENAI_API_KEY',
  'GEMINI_API_KEY',
  'GOOGLE_GENERATIVE_AI_API_KEY',
  'OPENROUTER_API_KEY',
  'GROQ_API_KEY',
  'OPENCODE_API_KEY',
  'OPENCODE_CONFIG',
  'XDG_CONFIG_HOME',
  'XDG_DATA_HOME',
  'HTTP_PROXY',
  'HTTPS_PROXY',
  'NO_PROXY',
  'NODE_EXTRA_CA_CERTS',
] as const

export const opencode: Preset = {
  name: 'opencode',
  title: 'opencode',
  install: 'npm install -g opencode-ai',
  programs: ['opencode'],
  versionArgs: ['--version'],
  version: (printed) => /^(\d+\.\d+\.\d+)/m.exec(printed)?.[1] ?? null,
  atLeast: '1.18.33',
  proved: [],
  login: LOGIN,
  loginMissing(home, env, read) {
    const data = env.XDG_DATA_HOME || path.join(home, '.local', 'share')
    const config = env.XDG_CONFIG_HOME || path.join(home, '.config')
    const files = [
      path.join(data, 'opencode', 'auth.json'),
      // A provider of one's own stands in the settings.
      path.join(config, 'opencode', 'opencode.json'),
      path.join(config, 'opencode', 'opencode.jsonc'),
    ]
    const known =
      LOGIN.some((name) => name.endsWith('_API_KEY') && (env[name] ?? '') !== '') ||
      files.some((file) => read(file) !== null)
    return known ? null : 'opencode is not logged in: run `opencode providers login`.'
  },
  launch,
  hooks: [],
  hear: () => ({ heard: [], asks: null, guards: null, mayGoOn: false, prompt: null }),
  answer: () => ({ stdout: '', exitCode: 0 }),
  interactive: true,
  read: readOpencode,
  keys: { interrupt: '\x1b', submit: '\r', clear: '\x03' },
  readTranscript: (_, carry) => ({ usage: [], prompts: [], carry }),
}

function launch(ask: LaunchAsk): Launch {
  const orders = typedOrders(ask, ask.rules)
  return {
    command: [
      ...ask.command,
      ...(ask.permissions === 'bypass' ? ['--auto'] : []),
      ...(ask.resume === null ? [] : ['--session', ask.resume, ...(ask.fork ? ['--fork'] : [])]),
      ...(ask.model === null ? [] : ['--model', ask.model]),
      ...(orders.typed === '' ? [] : [`--prompt=${orders.typed}`]),
    ],
    env: {
      ...ask.login,
      OPENCODE_DISABLE_AUTOUPDATE: '1',
      OPENCODE_DISABLE_LSP_DOWNLOAD: '1',
      OPENCODE_CONFIG_CONTENT: JSON.stringify({
        autoupdate: false,
        share: 'disabled',
        ...(ask.permissions === 'ask' && {
          permission: { edit: 'allow', bash: 'ask', webfetch: 'ask', external_directory: 'ask' },
        }),
      }),
    },
    files: orders.files,
    // It makes the id itself, and only its screen could say it.
    runtimeSession: ask.fork ? null : ask.resume,
  }
}
