import { mkdir, rm } from 'node:fs/promises'
import type { Browser } from 'playwright-core'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { launchBrowser } from '../setup/browser.ts'
import { artefacts, screens, violations } from './browser-test.ts'
import { buildShell } from './build-shell.ts'
import { session, stubHost, type StubHost } from './stub-host.ts'

let dist: string
let browser: Browser
let host: StubHost

beforeAll(async () => {
  [dist, browser] = await Promise.all([buildShell(), launchBrowser(), mkdir(artefacts, { recursive: true })])
  host = await stubHost(dist)
  host.state.session = session()
})
afterAll(async () => {
  await browser.close()
  await host.close()
  await rm(dist, { recursive: true })
})

test.each(Object.entries(screens))('every component, closed and open, is accessible: %s', async (name, options) => {
  const context = await browser.newContext({ ...options, reducedMotion: 'reduce', locale: 'en-GB' })
  const page = await context.newPage()
  const complaints: string[] = []
  page.on('console', (message) => { if (['error', 'warning'].includes(message.type())) complaints.push(message.text()) })
  await page.goto(`${host.url}/kit`)
  await page.locator('figure svg text').first().waitFor()
  const judge = async (state: string): Promise<void> => {
    await page.screenshot({ path: `${artefacts}kit-${name}-${state}.png`, fullPage: state === 'page' })
    expect(await violations(page), state).toEqual([])
  }
  await judge('page')
  expect(await page.evaluate('document.documentElement.scrollWidth'), 'no sideways scrolling').toBe(options.viewport?.width)

  await page.getByRole('button', { name: 'Open dialog' }).click()
  await page.getByRole('dialog').waitFor()
  expect(await page.evaluate('document.activeElement.textContent'), 'the safe button has the focus').toBe('Cancel')
  await judge('dialog')
  await page.keyboard.press('Escape')

  await page.getByRole('button', { name: 'Open drawer' }).click()
  await page.getByRole('dialog').waitFor()
  await judge('drawer')
  await page.keyboard.press('Escape')

  await page.getByRole('combobox', { name: 'Severity' }).first().click()
  await page.getByRole('listbox').waitFor()
  await page.locator('main[inert], main [inert]').first().waitFor()
  await judge('select')
  await page.keyboard.press('Escape')
  await page.getByRole('listbox').waitFor({ state: 'detached' })

  await page.getByRole('button', { name: 'Actions on Tank farm' }).click()
  await page.getByRole('menu').waitFor()
  await judge('menu')
  await page.keyboard.press('Escape')

  await page.keyboard.press('Control+k')
  await page.getByRole('listbox').waitFor()
  await judge('palette')
  await page.keyboard.press('Escape')

  await page.getByRole('button', { name: 'Error toast' }).click()
  await page.getByText('The registry does not answer.').waitFor()
  await judge('toast')
  expect(complaints, 'also of the content security policy').toEqual([])
  await context.close()
})

test('fingers get 44 px targets', async () => {
  const context = await browser.newContext({ ...screens.phone, reducedMotion: 'reduce' })
  const page = await context.newPage()
  await page.goto(`${host.url}/kit`)
  await page.locator('figure svg text').first().waitFor()
  const small = await page.evaluate(`[...document.querySelectorAll('main button:not([role=checkbox]):not([data-row]), main input, header button')]
    .filter((element) => element.offsetParent && !element.closest('[aria-hidden=true]') && element.getAttribute('role') !== 'radio' && element.getBoundingClientRect().height < 43.5).map((element) => element.outerHTML.slice(0, 120))`)
  expect(small).toEqual([])
  await context.close()
})
