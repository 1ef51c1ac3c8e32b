import { spawnSync } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Browser, BrowserContext, Page } from 'playwright-core'
import { afterAll, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest'
import { chromiumHere, startChromium } from '../support/chromium.ts'
import { COMMIT, GT, makeTown, type TestTown, untilFile } from '../support/town.ts'

// A browser, a daemon and two agents start first.
vi.setConfig({ testTimeout: 30_000, hookTimeout: 60_000 })

const GT_HERE = join(import.meta.dirname, '../../bin/gt')
const executable = chromiumHere()
const DESK = { width: 1200, height: 800 }
/** For what a page shows; other tests may have the machine. */
const WAIT_MS = 10_000
const HOSTILE = '<img src=x onerror="document.title=1"> <script>window.hurt = 1</script>'

// These run in the browser, of which the tests know no types.
const TELL_VIOLATIONS = `document.addEventListener('securitypolicyviolation', (event) =>
  console.error('Content Security Policy: ' + event.violatedDirective))`
const NAMELESS = `[...document.querySelectorAll('a, button, input, table, section, nav, svg, [role=tabpanel]')]
  .filter((one) => {
    const by = one.getAttribute('aria-labelledby')
    const named = one.getAttribute('aria-label') || (by && document.getElementById(by)?.textContent)
    const inner = /^(A|BUTTON)$/.test(one.tagName) ? one.textContent : one.closest('label')?.textContent
    return !named && !inner && !one.closest('[role=img]') && !(one.tagName === 'NAV' && one.closest('#item'))
  })
  .map((one) => one.outerHTML.slice(0, 80))`
const TOO_WIDE = 'document.documentElement.scrollWidth - innerWidth'

type Status = { readonly agents: readonly { readonly role: string }[] }

describe.skipIf(executable === null)('the page in Chromium', () => {
  let town: TestTown
  let browser: Browser
  let context: BrowserContext
  let page: Page
  /** Where the page is. */
  let home: string
  let landed: string
  let hostile: string
  let waiting: string
  /** The first bead is at work. */
  let early: number
  /** The first bead has landed, and the other is at work. */
  let middle: number
  const seen = { wrong: [] as string[], asked: [] as string[] }

  beforeAll(async () => {
    town = await makeTown()
    await town.up()
    await town.agent('quick', `${COMMIT}\n${GT} done\n`)
    await town.agent('slow', `${untilFile(join(town.temp, 'go'))}\n${COMMIT}\n${GT} done\n`)
    await town.addRig(['true'], { 'limits.polecats': 2 })
    landed = await town.bead('Lands at once')
    hostile = await town.bead(HOSTILE)
    await town.sling([landed], 'quick')
    early = (await town.fact('the first begins', 'BeadStarted', { bead: landed })).seq
    await town.fact('it lands', 'PolecatReleased', { bead: landed, outcome: 'landed' })
    waiting = await town.bead('Waits for a file')
    await town.sling([waiting], 'slow')
    middle = (await town.fact('the other begins', 'BeadStarted', { bead: waiting })).seq
    await town.bead('Made after that')

    browser = await startChromium(executable ?? '')
    context = await browser.newContext({ viewport: DESK })
    context.setDefaultTimeout(WAIT_MS)
    await context.addInitScript(TELL_VIOLATIONS)
    page = await context.newPage()
    page.on('console', (said) => {
      if (said.type() === 'error') seen.wrong.push(said.text())
    })
    page.on('pageerror', (error) => seen.wrong.push(error.message))
    page.on('request', (request) => {
      const { pathname, search } = new URL(request.url())
      if (pathname.startsWith('/v1/')) seen.asked.push(`${pathname}${search}`)
    })
    await page.goto(await link())
    await page.waitForSelector('#beads a')
    home = page.url()
  })
  afterAll(async () => {
    await browser?.close()
    await town?.down()
    await town?.close()
  })
  beforeEach(() => {
    seen.wrong = []
    seen.asked = []
  })

  const link = async (): Promise<string> => String((await town.command('dashboard.link')).url)
  const visit = async (path = '/'): Promise<void> => {
    await page.goto(new URL(path, home).href)
    await page.waitForSelector(path.includes('=') && !path.startsWith('/?find') ? '#item' : '#beads')
    if (path === '/') await page.waitForSelector('#beads a')
  }
  const text = async (selector: string): Promise<string> =>
    ((await page.locator(selector).allInnerTexts())[0] ?? '').replace(/\s+/g, ' ').trim()
  /** Waits until an element says something. */
  const says = (selector: string, part: string): Promise<void> =>
    page.locator(selector, { hasText: part }).first().waitFor()
  const gone = (selector: string, part = ''): Promise<void> =>
    page.locator(selector, { hasText: part }).waitFor({ state: 'detached' })
  const slide = async (seq: number): Promise<void> => {
    await page.locator('#at').fill(String(seq))
    await says('#moment', `record ${seq} of`)
    // Its time is known when the answer is there.
    await says('#moment b', ':')
  }

  test('[WEB-7] opened by its link it shows the tables of gt status, and breaks no rule of its policy', async () => {
    await visit()
    await page.waitForSelector('.stream.live')
    expect(home).toMatch(/^http:\/\/127\.0\.0\.1:\d+\/$/)
    expect(await text('#rigs')).toMatch(/shop main [0-9a-f]{7} green/)
    expect(await text('#agents')).toMatch(new RegExp(`shop/\\w+ ${waiting} Waits for a file`))
    expect(await text('#beads')).toContain(`${landed} Lands at once landed`)
    expect(await text('#merges')).toContain('1 landed')
    expect(await text('#waits')).toBe('Nothing waits for you.')
    const { agents } = (await town.get('/v1/status')).body as unknown as Status
    const roles = agents.filter(({ role }) => role !== 'polecat')
    expect(await page.locator('#roles li').count()).toBe(roles.length)
    expect(seen.wrong).toEqual([])
  })

  test('[WEB-7] a title that is HTML is shown as text, in the tables, the feed and its own view', async () => {
    await visit()
    expect(await text(`#beads tr:has-text("${hostile}")`)).toContain(HOSTILE)
    await page.click(`#beads a:text-is("${hostile}")`)
    await page.waitForSelector('.history li')
    await says('#item-title', HOSTILE)
    expect(await text('#feed')).toContain('<img src=x')
    expect(await page.locator('img').count()).toBe(0)
    expect(await page.evaluate(`[document.title, 'hurt' in window]`)).toEqual(['test', false])
    expect(seen.wrong).toEqual([])
  })

  test('[WEB-10] a bead that is clicked opens its history, its chart with the active state, and why; back leads back', async () => {
    await visit()
    await page.click(`#beads a:text-is("${landed}")`)
    await page.waitForSelector('.history li')
    expect(await text('.history')).toMatch(/in_progress\.testing → closed bead\.land by shop\/refinery/)
    expect(await text('.history li:last-child')).toContain('bead.create by you')
    await page.click('#tab-chart')
    await says('.state.active', 'closed')
    expect(await page.getAttribute('.chart', 'data-active')).toBe('closed')
    expect(await page.locator('.state').count()).toBeGreaterThan(6)
    await page.click('#tab-why')
    await page.waitForSelector('.tree li')
    expect(await text('.tree')).toMatch(/bead\.queue by you.*bead\.land/)
    expect(page.url()).toContain(`?bead=${landed}&tab=why`)
    await page.goBack()
    await page.waitForSelector('#tab-chart[aria-selected="true"]')
    await page.goBack()
    await page.goBack()
    await page.waitForSelector('#rigs')
    expect(await page.locator('#item').count()).toBe(0)
  })

  test('[WEB-10] an agent that is clicked opens the charts of itself, its place and its session, and why of its bead', async () => {
    await visit()
    await page.click('#agents a.open-agent')
    await page.waitForSelector('.history li')
    await page.click('#tab-chart')
    await says('.chart', 'session@')
    const active = { polecat: 'hooked', sandbox: 'working', session: 'running' }
    for (const [machine, state] of Object.entries(active))
      await says(`.chart[data-machine="${machine}"] .state.active`, state)
    await page.click('#tab-why')
    await says('.tree', 'by you')
  })

  test('[WEB-8] where the slider stands is asked of everything, shown, and said loudly; the feed ends there', async () => {
    await visit()
    await page.waitForSelector('.stream.live')
    await slide(middle)
    await says('#past', 'THIS IS THE PAST')
    await says('#feed', `The feed stops at record ${middle}`)
    // What was asked of now when it slid is over.
    seen.asked = []
    expect(await text('#past')).toMatch(/The town as it was at \d{4}-/)
    expect(await text(`#beads tr:has-text("${landed}")`)).toContain('landed')
    await slide(early)
    await gone('#agents', waiting)
    await gone('#beads tr', waiting)
    await says('#agents', landed)
    expect(await text('#feed')).not.toContain('has landed')
    await page.click(`#beads a:text-is("${landed}")`)
    await page.click('#tab-chart')
    await says('.state.active', 'working')
    await page.click('#tab-why')
    await page.waitForSelector('.tree li')
    expect(await text('.tree')).not.toContain('bead.land')
    const without = seen.asked.filter((url) => !/[?&]at=\d+(&|$)/.test(url))
    expect(without, 'asked as of no moment').toEqual([])
    expect(seen.asked.length).toBeGreaterThan(6)
    expect(page.url()).toContain(`at=${early}`)
  })

  test('[WEB-8] dragging asks a few times only, and what is shown is where it stopped', async () => {
    await visit()
    const bar = await page.locator('#at').boundingBox()
    if (bar === null) throw new Error('There is no slider.')
    const y = bar.y + bar.height / 2
    seen.asked = []
    await page.mouse.move(bar.x + bar.width - 8, y)
    const began = performance.now()
    await page.mouse.down()
    for (let n = 0; n < 40; n += 1) await page.mouse.move(bar.x + bar.width - 8 - n * 8, y)
    await page.mouse.up()
    const at = Number(await page.inputValue('#at'))
    await says('#moment', `record ${at} of`)
    await says('#past', 'as it was at 2')
    const most = (performance.now() - began) / 120 + 2
    const asked = seen.asked.filter((url) => url.startsWith('/v1/status'))
    expect(asked.length).toBeLessThanOrEqual(most)
    expect(asked.at(-1)).toBe(`/v1/status?at=${at}`)
    expect(page.url()).toContain(`at=${at}`)
  })

  test('[WEB-10] a link to the chart of a bead at a moment leads there', async () => {
    await visit(`/?bead=${landed}&tab=chart&at=${middle}`)
    await page.waitForSelector('#past')
    await says('.state.active', 'closed')
    expect(await page.inputValue('#at')).toBe(String(middle))
  })

  test('[WEB-11] with the keyboard alone one opens a bead, reads its chart and goes back in time', async () => {
    await visit()
    await page.locator(`#beads a:text-is("${landed}")`).focus()
    await page.keyboard.press('Enter')
    await page.waitForSelector('.history li')
    expect(await page.evaluate('document.activeElement.id'), 'a reader goes on there').toBe('item-title')
    await page.locator('#tab-history').focus()
    await page.keyboard.press('ArrowRight')
    await page.waitForSelector('.state.active')
    expect(await page.evaluate('document.activeElement.id')).toBe('tab-chart')
    await page.locator('#at').focus()
    await page.keyboard.press('ArrowLeft')
    await page.waitForSelector('#past')
    await page.locator('#now').focus()
    await page.keyboard.press('Enter')
    await gone('#past')
  })

  test('[WEB-11] each control and table has a name, and what happens is read out as it comes', async () => {
    for (const path of ['/', `/?bead=${landed}`, `/?bead=${landed}&tab=chart`]) {
      await visit(path)
      if (path.endsWith('chart')) await page.waitForSelector('.chart')
      expect(await page.evaluate(NAMELESS), path).toEqual([])
    }
    expect(await page.getAttribute('#feed ol', 'aria-live')).toBe('polite')
    await visit(`/?bead=${landed}&at=${middle}`)
    await page.waitForSelector('#past')
    expect(await page.getAttribute('#feed ol', 'aria-live')).toBe('off')
  })

  test('[WEB-11] on a phone nothing is wider than the screen', async () => {
    await page.setViewportSize({ width: 360, height: 740 })
    const chart = `/?bead=${landed}&tab=chart`
    for (const path of ['/', `/?bead=${hostile}`, chart, `/?bead=${landed}&tab=why&at=${middle}`]) {
      await visit(path)
      await page.waitForSelector(path === '/' ? '#feed li' : '#panel li, #panel svg')
      expect(await page.evaluate(TOO_WIDE), path).toBe(0)
    }
    await page.setViewportSize(DESK)
  })

  test('[WEB-2] a link that was used says so, and a browser that was not let in is told how it is', async () => {
    const url = await link()
    await page.goto(url)
    await page.waitForSelector('#beads a')
    expect(await page.evaluate('document.cookie'), 'no script reads it').toBe('')
    const other = await browser.newContext()
    const second = await other.newPage()
    expect((await second.goto(url))?.status()).toBe(403)
    await second.locator('main', { hasText: 'This link has been used' }).waitFor()
    await second.goto(home)
    await second.locator('main', { hasText: 'gt dashboard --open' }).waitFor()
    await other.close()
  })

  test('[WEB-9] back to now, and what happens stands there without a reload', async () => {
    await visit()
    await slide(middle)
    await page.evaluate('void (window.sameDocument = true)')
    await page.click('#now')
    await page.waitForSelector('.stream.live')
    await gone('#past')
    writeFileSync(join(town.temp, 'go'), '')
    await page.locator(`#beads tr:has-text("${waiting}"):has-text("landed")`).waitFor()
    expect(await text('#feed')).toMatch(new RegExp(`bead ${waiting} by polecat \\w+ has landed`))
    await says('#merges', '2 landed')
    expect(await page.evaluate(`'sameDocument' in window`)).toBe(true)
    expect(seen.wrong).toEqual([])
  })

  test('[WEB-13] every bead can be reached, page by page and by what it is called, also in the past', async () => {
    for (let n = 0; n < 130; n += 1) await town.bead(`One of many ${n}`)
    const { items } = (await town.get('/v1/beads?limit=5000')).body as { items: { id: string }[] }
    await visit()
    const shownHere = () => page.locator('#beads tbody tr td:first-child').allInnerTexts()
    const all = [...(await shownHere())]
    expect(all).toHaveLength(60)
    expect(await text('#beads tbody tr')).toContain('One of many 129')
    expect(await text('#beads h2')).toContain('the 60 that moved last')
    for (let pages = 2; (await page.locator('.pages .earlier').count()) > 0; pages += 1) {
      await page.click('.pages .earlier')
      await gone('#beads tbody tr', all.at(-60) ?? '')
      all.push(...(await shownHere()))
      if (pages > 5) throw new Error('There is no end of pages.')
    }
    expect(all.toSorted()).toEqual(items.map(({ id }) => id).toSorted())
    expect(page.url(), 'each page has a URL').toContain('page=')
    await page.goBack()
    await says('#beads', all[60] ?? '')
    await page.click('.pages .newest')
    await says('#beads', 'One of many 129')
    await page.fill('#find', 'many 7')
    await gone('#beads tbody tr', 'One of many 129')
    expect(await page.locator('#beads tbody tr').count()).toBe(11)
    await visit(new URL(page.url()).pathname + new URL(page.url()).search)
    await says('#beads h2', 'with “many 7”')
    await slide(middle)
    await says('#beads', 'None has that in its id or title.')
    await page.fill('#find', 'lands at')
    await says('#beads tbody tr', landed)
    expect(seen.wrong).toEqual([])
  })

  test('[WEB-9] a page that stands open goes on with the next daemon, and misses nothing that came in between', async () => {
    await visit()
    await page.waitForSelector('.stream.live')
    await town.kill()
    await page.waitForSelector('.stream.connecting')
    // A command of a person opens the town by itself meanwhile.
    const { status, stdout } = spawnSync(
      GT_HERE,
      ['--town', town.dir, 'bead', 'create', 'Made with nobody there'],
      {
        env: { PATH: process.env.PATH, HOME: town.temp },
        encoding: 'utf8',
      },
    )
    expect(status).toBe(0)
    await town.up()
    await page.locator('#feed li', { hasText: stdout.trim() }).waitFor()
    expect(await page.locator('#feed li', { hasText: stdout.trim() }).count(), 'once').toBe(1)
    await page.waitForSelector('.stream.live')
    const bead = await town.bead('Made after the restart')
    await page.waitForSelector(`#beads a:text-is("${bead}")`)
  }, 90_000)
})
