import { expect, test } from 'vitest'
import { forgeOf, landingOf } from '../../src/events/landing-settings.ts'
import { settingNamed } from '../../src/events/settings.ts'

const isGood = (key: string, value: unknown): boolean =>
  settingNamed(key)?.value.safeParse(value).success === true

test('a rig that says nothing lands as it always did, and one that does says only what is different', () => {
  expect(landingOf({})).toBeNull()
  expect(
    landingOf({ 'landing.method': 'squash', 'landing.through': 'direct', 'landing.approvals': 2 }),
  ).toBeNull()
  expect(landingOf({ 'landing.method': 'merge' })).toEqual({ method: 'merge' })
  expect(
    landingOf({ 'landing.through': 'pull-request', 'landing.checks': ['build'], 'landing.approvals': 1 }),
  ).toEqual({ through: 'pull-request', checks: ['build'], approvals: 1 })
  expect(landingOf({ 'landing.through': 'pull-request', 'landing.checks': [] })).toEqual({
    through: 'pull-request',
  })
})

test('where a forge is says the remote, and the settings where it does not', () => {
  const at = (url: string, settings: object = {}) => forgeOf(settings as Record<string, unknown>, { url })
  const known = { url: 'https://api.github.com', repo: 'acme/shop', tokenFile: null }
  for (const url of [
    'https://github.com/acme/shop.git',
    'https://github.com/acme/shop/',
    'https://you:secret@github.com/acme/shop',
    'git@github.com:acme/shop.git',
    'ssh://git@github.com/acme/shop.git',
    'ssh://git@github.com:22/acme/shop',
  ])
    expect(at(url), url).toEqual(known)
  for (const url of [
    'https://git.example.org/acme/shop.git',
    '/home/you/shop.git',
    'https://github.com.evil.org/a/b',
  ])
    expect(at(url), url).toBeNull()
  const named = { 'forge.url': 'https://ghe.example.org/api/v3', 'forge.tokenFile': '/t' }
  expect(at('git@ghe.example.org:acme/shop.git', named)).toEqual({
    url: 'https://ghe.example.org/api/v3',
    repo: 'acme/shop',
    tokenFile: '/t',
  })
  expect(at('/home/you/shop.git', { ...named, 'forge.repo': 'a/b' })?.repo).toBe('a/b')
  expect(at('/home/you/shop.git', named)).toBeNull()
})

test('a token is not sent to a network in the clear, nor is a value kept that means nothing', () => {
  for (const url of ['https://ghe.example.org/api/v3', 'http://127.0.0.1:8080', 'http://localhost:1'])
    expect(isGood('forge.url', url), url).toBe(true)
  for (const url of ['http://ghe.example.org', 'ftp://127.0.0.1', 'ghe.example.org'])
    expect(isGood('forge.url', url), url).toBe(false)
  expect([
    isGood('forge.repo', 'acme/shop'),
    isGood('forge.repo', 'acme'),
    isGood('forge.repo', 'a/b/c'),
  ]).toEqual([true, false, false])
  expect([isGood('landing.method', 'octopus'), isGood('forge.tokenFile', 'token')]).toEqual([false, false])
})
