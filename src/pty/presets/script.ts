// The preset of a program of the user's own: started as it was written down, and told nothing.
//
//   Always:  it asks for its work itself (`gt prime`) and says itself when it is done (`gt done`): it has no hooks, and its
//            screen is not read. A message for it is a line on its standard input, which it reads when it likes; it has
//            taken it when it has run `gt nudge read <id>`.

import type { Preset } from '../../ports/presets.ts'

export const script: Preset = {
  name: 'script',
  title: 'a program of your own',
  install: 'set how it is started: gt config set agents.<name>.command \'["/abs/program"]\'',
  programs: [],
  versionArgs: [],
  version: () => null,
  atLeast: '0',
  proved: [],
  login: [],
  loginMissing: () => null,
  launch: ({ command }) => ({ command, env: {}, files: [], runtimeSession: null }),
  hooks: [],
  hear: () => ({ heard: [], asks: null, guards: null, mayGoOn: false, prompt: null }),
  answer: () => ({ stdout: '', exitCode: 0 }),
  interactive: false,
  read: () => ({ kind: 'unknown', composer: null, name: null, message: '', until: null }),
  keys: { interrupt: '\u0003', submit: '\r', clear: '\u0015' },
  readTranscript: (_, carry) => ({ usage: [], prompts: [], carry }),
}
