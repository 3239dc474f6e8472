import { mkdir, rm } from 'node:fs/promises'
import type { CustomField } from '@opsflux/sdk'
import type { Browser, BrowserContext, Page } from 'playwright-core'
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import { launchBrowser } from '../setup/browser.ts'
import { artefacts, screens, violations } from './browser-test.ts'
import { buildShell } from './build-shell.ts'
import { session, stubHost, type StubHost } from './stub-host.ts'

let dist: string
let browser: Browser
let host: StubHost
let context: BrowserContext | undefined

beforeAll(async () => {
  [dist, browser] = await Promise.all([buildShell(), launchBrowser(), mkdir(artefacts, { recursive: true })])
  host = await stubHost(dist)
})
afterAll(async () => {
  await browser.close()
  await host.close()
  await rm(dist, { recursive: true })
})

const field = (name: string, rest: Partial<CustomField> = {}): CustomField => ({ id: `00000000-0000-7000-8000-${name.padStart(12, '0').slice(-12)}`, pluginId: 'hse-reports', entity: 'correctiveAction', name, kind: 'string', label: { en: `Label of ${name}` }, position: 0, ...rest })
const fields = [field('badge', { required: true, index: true, indexState: 'ready' }), field('weight', { kind: 'decimal', position: 1, index: true, indexState: 'building' }), field('colour', { kind: 'enum', values: ['red', 'blue'], position: 2 }), field('old', { deletedAt: '2026-03-01T08:30:00.000Z', position: 3 })]
const listed = 'GET /api/custom-fields'

beforeEach(async () => {
  await context?.close()
  context = undefined
  host.state.session = session()
  host.received.length = 0
  host.answers.clear()
  host.answers.set('GET /api/modules/hse-reports', { status: 404, body: { code: 'not-found', status: 404, title: 'x', detail: 'x' } })
  host.answers.set(listed, { body: { data: fields, entities: ['incident', 'correctiveAction'] } })
  for (const { id } of fields) host.answers.set(`GET /api/custom-fields/${id}/use`, { body: { records: 12 } })
})

async function open(screen = 'light', locale = 'en'): Promise<Page> {
  if (host.state.session) host.state.session.user.locale = locale
  context = await browser.newContext({ ...screens[screen], reducedMotion: 'reduce', locale })
  const page = await context.newPage()
  await page.goto(`${host.url}/modules/hse-reports/fields`)
  return page
}

async function judge(page: Page, name: string, screen: string): Promise<void> {
  await page.evaluate('document.fonts.ready')
  await page.screenshot({ path: `${artefacts}custom-fields-${name}-${screen}.png`, fullPage: true })
  expect(await violations(page), `${name} ${screen}`).toEqual([])
  expect(await page.evaluate('document.documentElement.scrollWidth')).toBe(screens[screen]?.viewport?.width)
}

test.each(Object.keys(screens))('%s: the fields of a module, and each dialog, are accessible and fit', async (screen) => {
  const page = await open(screen, 'fr')
  await page.locator('[data-field=badge]').waitFor()
  await judge(page, 'list', screen)
  await page.getByRole('button', { name: 'Ajouter un champ' }).last().click()
  await page.getByRole('dialog').waitFor()
  await page.getByRole('button', { name: 'Libellé dans d’autres langues' }).click()
  await judge(page, 'add', screen)
  await page.keyboard.press('Escape')
  await page.getByRole('button', { name: 'Supprimer Label of badge' }).click()
  await page.getByText('12 fiches ont une valeur.').waitFor()
  await judge(page, 'delete', screen)
})

test('a field is added, what the server refuses is said at its place, and nothing typed is lost', async () => {
  const page = await open()
  host.answers.set('POST /api/custom-fields', { status: 422, body: { code: 'validation-failed', status: 422, title: 'x', detail: 'Correct name.', errors: [{ path: '/name', code: 'pattern', message: 'A name begins with a small letter.' }] } })
  await page.locator('[data-entity=correctiveAction]').getByRole('button', { name: 'Add field' }).click()
  await page.getByLabel('Label (English)').fill('Badge number')
  expect(await page.getByLabel('Name', { exact: false }).first().inputValue()).toBe('badgeNumber')
  await page.getByLabel('Required').check()
  await page.getByRole('button', { name: 'Save' }).click()
  await page.getByText('A name begins with a small letter.').waitFor()
  expect(await page.getByLabel('Label (English)').inputValue()).toBe('Badge number')
  host.answers.set('POST /api/custom-fields', { status: 201, body: field('badgeNumber') })
  await page.getByRole('button', { name: 'Save' }).click()
  await page.getByRole('dialog').waitFor({ state: 'detached' })
  expect(host.received.at(-2)).toEqual({ request: 'POST /api/custom-fields', body: { module: 'hse-reports', entity: 'correctiveAction', name: 'badgeNumber', kind: 'string', label: { en: 'Badge number' }, required: true, index: false } })
})

test('fields are put in order by the keyboard, which stays at the field and is told its place', async () => {
  const page = await open()
  const [badge, weight, colour] = fields.map(({ id }) => id)
  await page.getByRole('button', { name: 'Move Label of badge down' }).focus()
  host.answers.set('PUT /api/custom-fields/order', { body: { data: [] } })
  host.answers.set(listed, { body: { data: [fields[1], fields[0], ...fields.slice(2)], entities: ['correctiveAction'] } })
  await page.keyboard.press('Enter')
  await page.getByText('Moved to place 2 of 3').waitFor({ state: 'attached' })
  expect(host.received.find(({ request }) => request.startsWith('PUT'))?.body).toMatchObject({ ids: [weight, badge, colour] })
  await expect.poll(() => page.evaluate('document.activeElement.getAttribute("aria-label")')).toBe('Move Label of badge down')
})

test('a field is deleted after its consequence was said, and a deleted one restored or purged', async () => {
  const page = await open()
  const [badge, , , old] = fields.map(({ id }) => id)
  host.answers.set(`DELETE /api/custom-fields/${badge}`, { status: 204, body: undefined })
  host.answers.set(`POST /api/custom-fields/${old}/restore`, { body: fields[3] })
  host.answers.set(`POST /api/custom-fields/${old}/purge`, { status: 204, body: undefined })
  await page.getByRole('button', { name: 'Delete Label of badge' }).click()
  await page.getByText('12 records have a value.').waitFor()
  expect(await page.evaluate('document.activeElement.textContent')).toBe('Cancel')
  await page.getByRole('dialog').getByRole('button', { name: 'Delete', exact: true }).click()
  await page.getByText('Deleted. Its values are kept.').waitFor()
  await page.getByRole('button', { name: 'Restore' }).click()
  await page.getByText('The field is back').waitFor()
  await page.getByRole('button', { name: 'Purge…' }).click()
  await page.getByText('The values of 12 records are erased.').waitFor()
  await page.getByRole('button', { name: 'Erase for good' }).click()
  await page.getByText('Erased.').waitFor()
  expect(host.received.filter(({ request }) => !request.startsWith('GET')).map(({ request }) => request)).toEqual([`DELETE /api/custom-fields/${badge}`, `POST /api/custom-fields/${old}/restore`, `POST /api/custom-fields/${old}/purge`])
})

test.each([
  ['empty', { body: { data: [], entities: ['incident'] } }, 'No added fields'], ['no-entities', { body: { data: [], entities: [] } }, 'This module takes no fields'],
  ['forbidden', { status: 403, body: { code: 'forbidden', status: 403, title: 'x', detail: 'Ask an administrator.' } }, 'Ask an administrator.'], ['error', { status: 503, body: { code: 'not-ready', status: 503, title: 'x', detail: 'Soon.' } }, 'Try again'],
])('a page that is %s says so', async (name, answer, words) => {
  host.answers.set(listed, answer)
  const page = await open()
  await page.getByText(words).first().waitFor()
  await judge(page, name, 'light')
})

test('off line the page says so, and reads again when asked', async () => {
  const page = await open()
  await page.locator('[data-field=badge]').waitFor()
  await context?.setOffline(true)
  await page.getByRole('button', { name: 'Move Label of badge down' }).click()
  await page.getByRole('button', { name: 'Try again' }).waitFor()
  expect(await page.locator('[data-field=badge]').count()).toBe(1)
  await context?.setOffline(false)
  await page.getByRole('button', { name: 'Try again' }).click()
  await page.getByRole('button', { name: 'Try again' }).waitFor({ state: 'detached' })
})

test.each(['light', 'phone'])('%s: who manages the records of a module finds the page in the navigation, and nothing of the module manager', async (screen) => {
  const plugin = { id: 'hse-reports', version: '1.0.0', name: 'HSE reports', css: [], integrity: {}, messages: {}, routes: {} }
  host.state.session = { ...session(), permissions: ['hse-reports.manage.all', 'permits.view.all'], plugins: [{ ...plugin, managesFields: true }, { ...plugin, id: 'permits', name: 'Permits' }] }
  context = await browser.newContext({ ...screens[screen], reducedMotion: 'reduce', locale: 'en' })
  const page = await context.newPage()
  await page.goto(host.url)
  if (screen === 'phone') await page.getByRole('button', { name: 'Open the menu' }).click()
  const navigation = page.getByRole('navigation', { name: 'Main navigation' })
  expect((await navigation.getByRole('link').allInnerTexts()).map((text) => text.trim())).toEqual(['Home', 'Fields of HSE reports'])
  await navigation.getByRole('link', { name: 'Fields of HSE reports' }).click()
  await page.locator('[data-field=badge]').waitFor()
  await page.getByRole('heading', { level: 1, name: 'Fields of HSE reports' }).waitFor()
  expect(await page.getByRole('main').or(page.getByRole('banner')).getByRole('link').evaluateAll((links) => links.map((link) => link.getAttribute('href')))).not.toContain('/modules')
  expect(host.received.filter(({ request }) => request.includes('/api/modules'))).toEqual([])
  await judge(page, 'managed-here', screen)
})

test('who may not manage modules does not get the page', async () => {
  host.state.session = { ...session(), permissions: ['hse-reports.view.all'] }
  const page = await open()
  await page.getByText('You may not open this page').waitFor()
})

test.each(Object.keys(screens))('%s: the inputs a module shows for them take values of each kind and show what was refused', async (screen) => {
  context = await browser.newContext({ ...screens[screen], reducedMotion: 'reduce', locale: 'en-GB', timezoneId: 'Africa/Libreville' })
  const page = await context.newPage()
  await page.goto(`${host.url}/kit`)
  const card = page.getByTestId('added-fields')
  await card.getByText('Does not have the expected form.').waitFor()
  expect(await card.getByLabel('Badge').getAttribute('aria-invalid')).toBe('true')
  const read = (name: string): Promise<string> => card.locator(`dl [data-custom=${name}] dd`).innerText()
  expect([await read('weight'), await read('checked'), await read('owner'), await read('due')]).toEqual(['12.50', 'No', 'Ada Admin', 'Mar 1, 2026'])
  await card.getByLabel('Weight (kg)').fill('7,5')
  await card.getByRole('combobox', { name: 'Colour' }).click()
  await page.getByRole('option', { name: 'blue' }).click()
  await card.getByRole('combobox', { name: 'Owner' }).click()
  await page.getByRole('option', { name: 'No value' }).click()
  await expect.poll(async () => [await read('weight'), await read('colour'), await read('owner')]).toEqual(['7.50', 'blue', expect.stringMatching(/^—\s*No value$/)])
  await card.screenshot({ path: `${artefacts}custom-fields-kit-${screen}.png` })
  expect(await violations(page)).toEqual([])
})
