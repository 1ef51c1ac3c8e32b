import { describe, expect, test } from 'vitest'
import { maskData, masker } from '../../src/events/mask.ts'
import { secretValues } from '../../src/events/secrets.ts'
import { CANARIES, shapedCanaries, valueCanaries } from '../support/canaries.ts'

const values = valueCanaries()
const withValues = masker(values)
const text = (bytes: Uint8Array): string => new TextDecoder().decode(bytes)
const bytes = (string: string): Uint8Array => new TextEncoder().encode(string)

/** What is shown when the text comes in these pieces, with or without a pause after each. */
function shown(pieces: readonly string[], pause: boolean): string {
  const stream = withValues.stream()
  let all = ''
  for (const piece of pieces) {
    all += text(stream.push(bytes(piece)))
    if (pause) all += text(stream.quiet())
  }
  return all + text(stream.end())
}

describe('masking', () => {
  test('[P9] leaves none of 200 canaries, wherever in a line they stand, and everything around them', () => {
    expect(CANARIES).toHaveLength(200)
    const mask = withValues.text
    for (const canary of CANARIES) {
      const masked = mask(`before "${canary}" after`)
      expect(masked, canary).not.toContain(canary)
      expect(masked, canary).toMatch(/^before ".*\*{8,}.*" after$/s)
      expect(masked.length, canary).toBe(`before "${canary}" after`.length)
    }
  })

  test.each([
    ['no pause', false],
    ['a pause', true],
  ])('[P9] leaves none of 200 canaries cut in two at every byte, with %s between', (_, pause) => {
    for (const canary of CANARIES) {
      for (let cut = 1; cut < canary.length; cut++) {
        const all = shown([`x ${canary.slice(0, cut)}`, `${canary.slice(cut)} y`], pause)
        expect(all, `${canary} at ${cut}`).not.toContain(canary)
        expect(all.endsWith(' y'), `${canary} at ${cut}`).toBe(true)
      }
    }
  })

  test('[P9] of a secret that comes byte by byte shows its public beginning, and with pauses at most 12 bytes more', () => {
    for (const canary of valueCanaries()) {
      expect(shown([...canary, ' '], false)).toMatch(/^\*+ $/)
      expect(shown([...canary, ' '], true).replaceAll('*', '').length).toBeLessThanOrEqual(4)
    }
    for (const { begin, canary } of shapedCanaries()) {
      if (canary.includes('\n')) continue
      const slow = shown([...canary, ' '], true)
      expect(slow.slice(begin.length + 12, canary.length), canary).toMatch(/^\**$/)
      expect(shown([...canary, ' '], false).slice(begin.length, canary.length), canary).toMatch(/^\*+$/)
    }
  })

  test('[P9] finds a secret with terminal sequences between its characters, and keeps the sequences', () => {
    for (const canary of [...values, ...shapedCanaries().map(({ canary }) => canary)]) {
      for (const sequence of ['\x1b[1;31m', '\x1b[0K', '\x1b[12;40H', '\x1b(B']) {
        if (canary.includes('\n')) continue
        const coloured = [...canary].join(sequence)
        for (const cut of [7, 30]) {
          const all = shown([coloured.slice(0, cut), `${coloured.slice(cut)} y`], false)
          expect(all.replaceAll(sequence, ''), `${canary} ${JSON.stringify(sequence)}`).not.toContain(canary)
          expect(all.split(sequence)).toHaveLength(canary.length)
        }
      }
    }
  })

  test('[P9] finds a value in a URL, in JSON and in base64', () => {
    const value = 'pa"ss/wörd+2024&more'
    const mask = masker([value]).text
    const basic = Buffer.from(`somebody:${value}`).toString('base64')
    for (const written of [value, encodeURIComponent(value), JSON.stringify(value).slice(1, -1)]) {
      expect(mask(`x ${written} y`)).toMatch(/^x \*+ y$/)
    }
    expect(mask(basic)).not.toContain(basic.slice(14, -4))
  })

  test('gives back at once whatever does not look like the beginning of a secret', () => {
    for (const prompt of [
      '$ ',
      'Password: ',
      'Do you want to proceed? [y/n] ',
      'sk-',
      'ghp_',
      '日本 ❯ ',
      '\x1b[2m> ',
    ]) {
      const stream = withValues.stream()
      expect(text(stream.push(bytes(prompt)))).toBe(prompt)
      expect(stream.holds).toBe(false)
    }
  })

  test('changes nothing in ordinary text', () => {
    const mask = withValues.text
    for (const line of [
      'task-list-of-2024-with-many-words and risk-management-for-1000-people',
      'npm_config_registry=https://example.com npm_lifecycle_event=test',
      'Authorization: Bearer authentication-scheme is described in RFC 6750',
      'if (text.includes("-----BEGIN PRIVATE KEY-----")) { return 1 }',
      '\x1b]0;title\x07\x1b[1mbold\x1b[0m 日本 😀 \ud83d',
      'commit 0123456789abcdef0123456789abcdef01234567',
    ]) {
      expect(mask(line)).toBe(line)
    }
  })

  test('keeps every byte of 1 MB that holds no secret, cut anywhere', () => {
    const line = 'seq 0123456789 \x1b[32mok\x1b[0m sk-learn hf_hub é日 AKI glp xox Bearer to come\r\n'
    const whole = bytes(line.repeat(Math.ceil(1_000_000 / line.length)))
    const stream = withValues.stream()
    const pieces: Uint8Array[] = []
    for (let at = 0, size = 1; at < whole.length; at += size, size = (size * 7 + 3) % 5000) {
      pieces.push(stream.push(whole.subarray(at, at + size)))
    }
    pieces.push(stream.end())
    expect(Buffer.concat(pieces).equals(whole)).toBe(true)
  })

  test('ends a private key at its end', () => {
    const key =
      '-----BEGIN RSA PRIVATE KEY-----\nDEK-Info: AES,0\n\nMIIEow+/=\n-----END RSA PRIVATE KEY-----\nand on'
    expect(masker().text(key)).toBe(
      '-----BEGIN RSA PRIVATE KEY-----\n***-***** *****\n\n*********\n-----END RSA PRIVATE KEY-----\nand on',
    )
  })

  test('goes through plain data, names included', () => {
    const token = `gts_${'a1B2'.repeat(10)}`
    const hidden = `gts_${'*'.repeat(40)}`
    expect(maskData({ a: [token, 1, null], [token]: { b: true } }, masker())).toEqual({
      a: [hidden, 1, null],
      [hidden]: { b: true },
    })
  })
})

test('the values of an environment are those of variables that say so, not the places where secrets lie', () => {
  expect(
    secretValues({
      ANTHROPIC_API_KEY: 'made-up-value-1',
      MY_TOKEN: 'made-up-value-2',
      DB_PASSWORD: 'made-up-value-3',
      CLIENT_SECRET: 'short',
      CLOUD_CREDENTIALS: 'made-up-value-6',
      CLIENT_SECRET_2: 'made-up-value-7',
      REDIS_PASSWD: 'made-up-value-8',
      GT_TOKEN_FILE: 'somewhere/in/the/town',
      SSH_KEY_PATH: 'relative/path',
      A_KEY: '/home/me/.ssh/id_ed25519',
      PATH: '/usr/bin:/bin',
      EDITOR: 'something-long',
      HTTPS_PROXY: 'http://me:made-up%2Dvalue-4@proxy.example:3128',
      HTTP_PROXY: 'http://proxy.example:3128',
      ANTHROPIC_CUSTOM_HEADERS: 'X-Auth: made-up-value-5\nX-Team: core',
    }),
  ).toEqual([
    'made-up-value-1',
    'made-up-value-2',
    'made-up-value-3',
    'made-up-value-6',
    'made-up-value-7',
    'made-up-value-8',
    'made-up%2Dvalue-4',
    'made-up-value-4',
    'made-up-value-5',
  ])
})
