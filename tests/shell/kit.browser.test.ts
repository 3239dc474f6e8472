import { mkdir, rm } from 'node:fs/promises'
import type { Browser, Page } from 'playwright-core'
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

async function openRecord(options: object, tab: string): Promise<Page> {
  const page = await (await browser.newContext({ ...options, reducedMotion: 'reduce' })).newPage()
  await page.goto(`${host.url}/kit`)
  await page.getByRole('tab', { name: tab, exact: true }).click()
  return page
}

test.each(Object.entries(screens))('history, comments and attachments are accessible: %s', async (name, options) => {
  const page = await openRecord(options, 'Comments')
  const part = '[data-kit=record]'
  const judge = async (state: string): Promise<void> => {
    await page.locator(part).screenshot({ path: `${artefacts}kit-record-${name}-${state}.png` })
    expect(await violations(page, part), state).toEqual([])
    expect(await page.evaluate('document.documentElement.scrollWidth'), `${state}: no sideways scrolling`).toBe(options.viewport?.width)
  }
  await page.getByText('Then it can be closed.').waitFor()
  await page.locator(`${part} strong`).getByText('closed').waitFor()
  await page.getByRole('button', { name: 'Answer' }).first().click()
  await judge('comments')
  await page.getByRole('tab', { name: 'Attachments' }).click()
  await page.getByText('permit-2026-0117.pdf').waitFor()
  await page.locator('input[type=file]').setInputFiles([{ name: 'large.bin', mimeType: 'text/plain', buffer: Buffer.alloc(1_001) }, { name: 'slow.txt', mimeType: 'text/plain', buffer: Buffer.from('x') }])
  await page.getByRole('progressbar', { name: 'Sending slow.txt' }).waitFor()
  await judge('attachments')
  await page.getByRole('tab', { name: 'History' }).click()
  await page.getByText('by the module Risk matrix').waitFor()
  await judge('history')
  await page.getByRole('tab', { name: 'Failing' }).click()
  await page.getByRole('alert').getByText('This could not be loaded').waitFor()
  await page.context().close()
})

test('a comment is written, answered, changed and deleted by keyboard alone', async () => {
  const page = await openRecord(screens['light'] ?? {}, 'Comments')
  const comments = page.getByRole('region', { name: 'Comments' })
  const focused = (): Promise<unknown> => page.evaluate('document.activeElement.textContent.trim() || document.activeElement.getAttribute("aria-label") || document.activeElement.tagName')
  await comments.getByLabel('Write a comment').focus()
  await page.keyboard.type('Noted.')
  await page.keyboard.press('Control+Enter')
  await comments.getByRole('article').getByText('Noted.').waitFor()
  expect(await comments.getByLabel('Write a comment').inputValue()).toBe('')

  const mine = comments.getByRole('article').filter({ hasText: 'Noted.' })
  await mine.getByRole('button', { name: 'Answer' }).press('Enter')
  expect(await focused(), 'the form takes the focus').toBe('TEXTAREA')
  await page.keyboard.press('Escape')
  expect(await focused(), 'and gives it back').toBe('Answer')

  await mine.getByRole('button', { name: 'Actions on Panel operator' }).press('Enter')
  await page.getByRole('menuitem', { name: 'Edit' }).press('Enter')
  const field = comments.getByRole('textbox', { name: 'Edit' })
  await field.waitFor()
  await field.fill('x'.repeat(201))
  await comments.getByText('At most 200 characters; there are 201.').waitFor()
  await field.fill('Noted, thank you.')
  await comments.getByRole('button', { name: 'Save' }).press('Enter')
  const changed = comments.getByRole('article').filter({ hasText: 'Noted, thank you.' })
  await changed.getByText('(edited)').waitFor()

  await changed.getByRole('button', { name: 'Actions on Panel operator' }).press('Enter')
  await page.getByRole('menuitem', { name: 'Delete' }).press('Enter')
  await page.getByRole('dialog', { name: 'Delete the comment?' }).waitFor()
  expect(await focused(), 'the safe button has the focus').toBe('Cancel')
  await page.getByRole('dialog').getByRole('button', { name: 'Delete' }).press('Enter')
  await changed.waitFor({ state: 'detached' })
  await page.context().close()
})

test('a comment is formatted; HTML in it is text, its links open elsewhere, and no image is loaded', async () => {
  const page = await openRecord(screens['light'] ?? {}, 'Comments')
  const asked: string[] = []
  page.on('request', (request) => asked.push(new URL(request.url()).hostname))
  const comments = page.getByRole('region', { name: 'Comments' })
  await comments.getByLabel('Write a comment').fill('# Seen\n<img src="https://evil.example/a.png" onerror="document.title = 1"> ![pixel](https://evil.example/b.png)\n\n[*log*](https://example.com) [bad](javascript:alert(1))')
  await page.keyboard.press('Control+Enter')
  const written = comments.getByRole('article').filter({ hasText: 'Seen' })
  await written.getByRole('heading', { name: 'Seen', level: 4 }).waitFor()
  expect(await written.innerText()).toContain('<img src="https://evil.example/a.png" onerror="document.title = 1">')
  expect(await written.getByRole('link').evaluateAll((links) => links.map((link) => ['href', 'rel', 'target'].map((name) => link.getAttribute(name))))).toEqual(['https://evil.example/b.png', 'https://example.com'].map((href) => [href, 'noopener noreferrer nofollow', '_blank']))
  expect(await written.locator('img, script, [onerror]').count()).toBe(0)
  expect(asked.filter((name) => name !== '127.0.0.1')).toEqual([])
  await page.context().close()
})

test('files are added, refused, cancelled and removed', async () => {
  const page = await openRecord(screens['light'] ?? {}, 'Attachments')
  const attachments = page.getByRole('region', { name: 'Attachments' })
  await attachments.getByText('permit-2026-0117.pdf').waitFor()
  const send = (name: string, bytes = 10) => page.locator('input[type=file]').setInputFiles([{ name, mimeType: 'text/plain', buffer: Buffer.alloc(bytes) }])
  await send('note.txt')
  await attachments.getByRole('link', { name: 'note.txt' }).waitFor()
  await send('large.bin', 1_001)
  await attachments.getByText('large.bin: Larger than 1 kB.').waitFor()
  await attachments.getByRole('button', { name: 'Cancel: large.bin' }).click()
  await send('slow.txt')
  await attachments.getByRole('progressbar', { name: 'Sending slow.txt' }).waitFor()
  await attachments.getByRole('button', { name: 'Cancel: slow.txt' }).click()
  await attachments.getByText('slow.txt').waitFor({ state: 'detached' })
  await attachments.getByRole('button', { name: 'Delete: note.txt' }).click()
  await page.getByRole('dialog').getByRole('button', { name: 'Delete' }).click()
  await attachments.getByText('note.txt').waitFor({ state: 'detached' })
  await page.context().close()
})
