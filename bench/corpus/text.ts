// Texts as they stand in the log of a town: words, paths, names of commits, lengths with a long tail.
//
// Always:    from one seeded stream; the same calls give the same text.

import type { Random } from '../../test/sim/random.ts'

const STEMS =
  `add allow answer append ask avoid begin block break build cache call change check clean clear close collect compare
compute connect copy count create cut decide delete describe detect drop encode end escape expect export fail fetch
fill filter find finish fix flush fold follow format gather give guard handle hide hold import include index insert
join keep lead leave limit link list load lock log look make map mark measure merge mock move name note open order
pack parse pass pick place plan point print prove pull push put queue quote raise reach read rebuild receive record
refuse remove rename render repair repeat replace report request reset resolve rest restore retry return review run
save say scan search seal select send serve set settle show sign skip sort split start stop store stream strip swap
switch sync take tell test throw tidy touch trace track trim try turn type undo unpack update use validate verify
wait walk warn watch wrap write`
    .trim()
    .split(/\s+/)
const THINGS =
  `account address amount archive array attempt author balance basket batch branch browser buffer button byte cart
case catalog chain channel character checkout client clock code column command comment commit config conflict
connection context cookie coupon currency customer cursor daemon dashboard database date decimal default dependency
discount document domain download edge email endpoint entry environment error event example exception export factor
feature field file filter fixture flag folder footer form frame function gateway graph group handler header helper
hook host icon image import index input instance interface interval invoice item job key label layout length library
limit line link list locale locale lockfile login margin match member memory menu message method middleware migration
minute mirror model module month mutex name namespace network node number object offset option order output owner page
pagination panel parameter parser partner password patch path payload payment percent permission pipeline platform
pointer policy pool port prefix price process product profile prompt property protocol proxy query queue quota range
rate receipt record refund region registry release report repository request resource response result retry role root
route rule runtime sample scale schedule schema scope screen script section seed segment selector server session
setting shape shipment signal size slot snapshot socket source stack stage state status step stock storage store
stream string style suite summary switch symbol table tag target task tax template tenant terminal test text thread
throttle ticket timeout timer timestamp timezone title token tool total trace transaction tree trigger tuple type unit
upload user value variable vendor version view voucher webhook widget window worker workflow zone`
    .trim()
    .split(/\s+/)
const SMALL =
  'the a of to and in is that it for with on as be not this by when from an or are at no one which only if after but has was than each before must may while so both still because into'.split(
    ' ',
  )
const FOLDERS = ['src', 'lib', 'test', 'packages/core/src', 'packages/web/src', 'server', 'scripts', 'docs']
const ENDINGS = ['ts', 'ts', 'ts', 'tsx', 'js', 'test.ts', 'test.ts', 'css', 'md', 'json', 'sql']
const HEX = '0123456789abcdef'
const LETTERS = 'abcdefghjkmnpqrstvwxyz'

export interface Texts {
  /** About `chars` characters of sentences. */
  prose(chars: number): string
  /** One short line without a full stop. */
  title(): string
  path(): string
  paths(count: number): string[]
  /** A full object name. */
  object(): string
  /** As runtimes name a conversation. */
  uuid(): string
  letters(count: number): string
  /** What a test run prints last, about `chars` characters. */
  log(chars: number, isRed: boolean): string
  command(): string
  /** A length: lognormal around `middle`, at most `most`. */
  length(middle: number, spread: number, most: number): number
}

export function createTexts(random: Random): Texts {
  // Some words are said often, most are said rarely.
  const often = <T>(items: readonly T[]): T =>
    items[Math.floor(items.length ** random.next()) - 1] as (typeof items)[number]
  const word = (): string => {
    const kind = random.next()
    if (kind < 0.38) return often(SMALL)
    if (kind < 0.62) return random.pick(STEMS)
    if (kind < 0.94) return random.pick(THINGS)
    return identifier()
  }
  const capital = (text: string): string => text.charAt(0).toUpperCase() + text.slice(1)
  const identifier = (): string =>
    `${random.pick(STEMS)}${capital(random.pick(THINGS))}${random.chance(0.4) ? capital(random.pick(THINGS)) : ''}`
  const hex = (count: number): string => {
    let text = ''
    while (text.length < count)
      text += Math.floor(random.next() * 0x10000000)
        .toString(16)
        .padStart(7, HEX[0])
    return text.slice(0, count)
  }
  const sentence = (): string => {
    const words = [capital(word())]
    const count = random.between(5, 18)
    for (let n = 1; n < count; n += 1) words.push(word())
    return `${words.join(' ')}.`
  }

  const texts: Texts = {
    prose(chars) {
      let text = sentence()
      while (text.length < chars) text += `${random.chance(0.12) ? '\n\n' : ' '}${sentence()}`
      return text.length <= chars + 40 ? text : `${text.slice(0, chars).trimEnd()}.`
    },
    title: () =>
      capital(
        `${random.pick(STEMS)} ${random.chance(0.5) ? 'the' : 'each'} ${random.pick(THINGS)} ${random.pick(THINGS)} ${random.pick(['of', 'for', 'in', 'when'])} ${random.pick(THINGS)}`,
      ),
    path: () =>
      `${random.pick(FOLDERS)}/${random.pick(THINGS)}${random.chance(0.5) ? `-${random.pick(THINGS)}` : ''}.${random.pick(ENDINGS)}`,
    paths: (count) => Array.from({ length: count }, () => texts.path()),
    object: () => hex(40),
    uuid: () => `${hex(8)}-${hex(4)}-4${hex(3)}-a${hex(3)}-${hex(12)}`,
    letters(count) {
      let text = ''
      for (let n = 0; n < count; n += 1) text += LETTERS[random.between(0, LETTERS.length - 1)]
      return text
    },
    log(chars, isRed) {
      const lines: string[] = []
      let length = 0
      while (length < chars) {
        const mark = isRed && random.chance(0.2) ? 'not ok' : 'ok'
        const line = `${mark} ${lines.length + 1} - ${texts.path()} > ${identifier()} ${random.pick(STEMS)}s the ${random.pick(THINGS)} (${random.between(1, 900)} ms)`
        lines.push(line)
        length += line.length + 1
        if (mark === 'ok') continue
        const why = `  expected ${hex(6)} to be ${hex(6)}\n    at ${identifier()} (${texts.path()}:${random.between(4, 380)}:${random.between(3, 60)})`
        lines.push(why)
        length += why.length + 1
      }
      return lines.join('\n')
    },
    command: () =>
      random.pick([
        () => `npm install ${random.pick(THINGS)}-${random.pick(THINGS)}`,
        () => `curl -sS https://${random.pick(THINGS)}.example.org/${random.pick(THINGS)}`,
        () => `rm -rf ${texts.path()}`,
        () => `git push origin ${identifier()}`,
        () => `psql -c 'select ${random.pick(THINGS)} from ${random.pick(THINGS)}'`,
        () => `docker run --rm ${random.pick(THINGS)} ${random.pick(STEMS)}`,
      ])(),
    length(middle, spread, most) {
      const normal = Math.sqrt(-2 * Math.log(1 - random.next())) * Math.cos(2 * Math.PI * random.next())
      return Math.max(1, Math.min(most, Math.round(middle * Math.exp(spread * normal))))
    },
  }
  return texts
}
