import { randomUUID } from 'node:crypto'
import { mkdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { AxeBuilder } from '@axe-core/playwright'
import { mapRow, readMapping, type Row } from '@opsflux/example-import-csv'
import type { Page as Records } from '@opsflux/sdk'
import { parse } from 'csv-parse/sync'
import type { Browser, Page } from 'playwright-core'
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest'
import { ApiClient } from '../setup/api-client.ts'
import { launchBrowser } from '../setup/browser.ts'
import { password, TestPlatform } from '../setup/platform.ts'
import { addTenant, addUser } from '../setup/users.ts'

const importer = join(import.meta.dirname, '../../examples/import-csv')
const shots = join(import.meta.dirname, '../artefacts/hse-reports')
const fall = { type: 'lostTime', actualSeverity: 'IV', potentialSeverity: 'V', site: 'Quay', occurredAt: '2026-02-01T08:00:00Z', description: 'A fall from a ladder.' }

let platform: TestPlatform
let browser: Browser
/** An administrator of an organisation that each test has to itself. */
let ada: ApiClient
let page: Page
let complaints: string[]

beforeAll(async () => {
  mkdirSync(shots, { recursive: true })
  ;[platform, browser] = await Promise.all([TestPlatform.start(), launchBrowser()])
  expect(await (await platform.signIn()).change({ action: 'install', id: 'hse-reports' })).toMatchObject({ state: 'succeeded' })
}, 180_000)
afterAll(async () => {
  await browser?.close()
  await platform?.stop()
})
beforeEach(async () => {
  const { admin: pool } = platform.parts.database.database
  const email = `${randomUUID()}@example.org`
  const id = await addUser(pool, { email, role: 'admin', tenantId: await addTenant(pool, 'Acme Energy') })
  await pool.query("update opsflux.user_account set name = 'Ada Admin' where id = $1", [id])
  ada = await ApiClient.signIn(platform.host.url, email, password)
  await open({ width: 1366, height: 900 })
})
afterEach(async () => {
  await page.context().close()
  expect(complaints).toEqual([])
})

async function open(viewport: { width: number; height: number }, colorScheme: 'light' | 'dark' = 'light'): Promise<void> {
  const context = await browser.newContext({ viewport, colorScheme, locale: 'en-GB', timezoneId: 'Africa/Douala', reducedMotion: 'reduce' })
  const [name = '', value = ''] = ada.cookie.split('=')
  await context.addCookies([{ name, value, url: platform.host.url }])
  page = await context.newPage()
  page.setDefaultTimeout(15_000)
  complaints = []
  page.on('pageerror', (error) => complaints.push(error.message))
  page.on('console', (message) => { if (/content security policy|\[Vue warn\]|hse-reports\]/iu.test(message.text())) complaints.push(message.text()) })
}

const visit = (path: string): Promise<unknown> => page.goto(`${platform.host.url}/x/hse-reports${path}`)
const enter = (entity: string, input: object): Promise<{ id: string; revision: number; number: string }> => ada.post(`/api/hse-reports/${entity}`, input)
const toast = (text: string): Promise<void> => page.getByText(text, { exact: true }).first().waitFor()

/** Keeps a picture and finds no accessibility fault. */
async function look(name: string): Promise<void> {
  await page.evaluate('document.fonts.ready')
  await page.screenshot({ path: join(shots, `${name}.png`), fullPage: true, animations: 'disabled' })
  const { violations } = await new AxeBuilder({ page }).withTags(['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa']).analyze()
  expect(violations.map(({ id, nodes }) => `${id}: ${nodes[0]?.html ?? ''}`), name).toEqual([])
}

const importIncidents = (): Promise<void> => importSample('incident', 'sample-incidents.csv', 'ihm-accidents.mapping.json')
const importHours = (): Promise<void> => importSample('exposureHours', 'sample-hours.csv', 'sample-hours.mapping.json')

async function importSample(entity: string, name: string, mappingName: string): Promise<void> {
  const mapping = readMapping(JSON.parse(readFileSync(join(importer, mappingName), 'utf8')))
  const create = (parse(readFileSync(join(importer, name), 'utf8'), { columns: true }) as Row[]).map((row) => mapRow(row, mapping))
  await ada.post(`/api/hse-reports/${entity}/bulk`, { create })
}

test('an empty list says what to do, and a new incident is entered with the keyboard', async () => {
  await visit('/incidents')
  await page.getByText('No incidents yet').waitFor()
  await look('incidents-empty')
  await page.getByRole('link', { name: 'New incident' }).first().click()
  await page.getByRole('button', { name: 'Save' }).click()
  expect(await page.getByText('This is required.').count()).toBe(6)
  await look('incident-required')
  await page.getByLabel('Type').focus()
  await page.keyboard.press('Enter')
  await page.getByRole('option', { name: 'Near miss' }).waitFor()
  await page.keyboard.type('Near')
  await page.keyboard.press('Enter')
  for (const name of ['Actual severity', 'Potential severity']) {
    await page.getByLabel(name).click()
    await page.getByRole('option', { name: name === 'Actual severity' ? 'I' : 'V', exact: true }).click()
  }
  await page.getByLabel('Site').fill('  Jetty  2 ')
  await page.getByLabel('Occurred').fill('2999-01-01T10:00')
  await page.getByRole('textbox', { name: 'Description' }).fill('A hose burst.')
  await page.getByRole('button', { name: 'Save' }).click()
  await page.getByText('An incident cannot lie in the future').first().waitFor()
  await look('incident-refused')
  await page.getByLabel('Occurred').fill('2026-01-05T10:00')
  await page.getByRole('button', { name: 'Save' }).click()
  await page.waitForURL(/\/incidents\/[0-9a-f-]{36}$/u)
  await page.getByText('No corrective actions').waitFor()
  expect(await page.getByLabel('Site').inputValue()).toBe('Jetty 2')
  expect(await page.getByLabel('Risk level').textContent()).toContain('High')
  expect(await page.getByRole('heading', { level: 1 }).textContent()).toMatch(/^INC-\d{4}-0001$/u)
})

test('an incident is submitted, gets a corrective action, and closes once that is done', async () => {
  const incident = await enter('incident', fall)
  await visit(`/incidents/${incident.id}`)
  await page.getByRole('button', { name: 'Submit' }).click()
  await page.getByText('Submitted', { exact: true }).waitFor()
  await page.getByRole('button', { name: 'Add corrective action' }).click()
  await page.getByRole('dialog').getByLabel('What is to be done').fill('Fit ladder cages')
  await page.getByRole('dialog').getByLabel('Owner').click()
  await page.getByRole('option', { name: 'Ada Admin' }).click()
  await page.getByRole('dialog').getByLabel('Due').fill('2999-01-01')
  await look('action-dialog')
  await page.getByRole('dialog').getByRole('button', { name: 'Add corrective action' }).click()
  await page.getByRole('cell', { name: 'Ada Admin' }).waitFor()
  await page.getByRole('button', { name: 'Close', exact: true }).click()
  await page.getByText('still has open corrective actions').first().waitFor()
  await look('incident')
  await page.getByRole('button', { name: 'Mark done' }).click()
  await page.getByText('Done', { exact: true }).waitFor()
  await page.getByRole('button', { name: 'Close', exact: true }).click()
  await page.getByText('Closed', { exact: true }).waitFor()
  expect(await page.getByLabel('Site').isDisabled()).toBe(true)
})

test('rates are a dash with a way to enter hours, and appear with the hours', async () => {
  await importIncidents()
  await enter('incident', { type: 'medicalTreatment', actualSeverity: 'II', potentialSeverity: 'II', site: 'Quay', occurredAt: '2026-02-01T08:00:00Z', description: 'A cut.' })
  await visit('/rates')
  await page.getByText('No hours are known for this period').first().waitFor()
  expect(await page.locator('[data-rate="trir-osha"] dd').textContent()).toContain('—')
  await look('rates-without-hours')
  await importHours()
  await page.reload()
  await page.getByText('Months with cases but without hours').waitFor()
  expect(await page.locator('[data-rate="trir-osha"] dd').textContent()).toMatch(/^\s*\d+\.\d\d/u)
  await page.locator('svg').first().waitFor()
  await look('rates')
})

test('the list is filtered, sorted and paged, and the filters stay in the address', async () => {
  await importIncidents()
  await visit('/incidents')
  await page.getByText('1–25 of 40').waitFor()
  await look('incidents')
  await page.getByRole('button', { name: 'Next' }).click()
  await page.getByText('26–40 of 40').waitFor()
  await page.getByRole('searchbox').fill('grass')
  await page.getByText('1–3 of 3').waitFor()
  await page.getByRole('combobox', { name: 'Actual severity' }).click()
  await page.getByRole('option', { name: 'II', exact: true }).click()
  await page.getByText('1–1 of 1').waitFor()
  expect(new URL(page.url()).searchParams.toString()).toBe('q=grass&actualSeverity=II')
  await page.getByRole('searchbox').fill('no such words')
  await page.getByText('Nothing matches').waitFor()
})

test('hours are entered, a second entry for the month is refused, and the list shows them', async () => {
  await importHours()
  await visit('/hours')
  await page.getByText('1–50 of 144').waitFor()
  await look('hours')
  await page.getByRole('button', { name: 'Add hours' }).click()
  await page.getByRole('dialog').getByLabel('Month').fill('2024-12')
  await page.getByRole('dialog').getByLabel('Site').fill('Platform A')
  await page.getByRole('spinbutton', { name: 'Hours' }).fill('100')
  await page.getByRole('button', { name: 'Save' }).click()
  await page.getByText('are already entered').first().waitFor()
  await look('hours-refused')
  await page.getByRole('dialog').getByLabel('Month').fill('2025-01')
  await page.getByRole('button', { name: 'Save' }).click()
  await page.getByText('1–50 of 145').waitFor()
})

test('who may not see it is told so; an error, or no connection, offers another try', async () => {
  await importIncidents()
  const problem = (code: string, status: number, detail: string) => ({ status, contentType: 'application/problem+json', body: JSON.stringify({ code, status, title: detail, detail }) })
  await page.route('**/api/hse-reports/incident?**', (route) => route.fulfill(problem('forbidden', 403, 'You need the permission hse-reports.view.')))
  await visit('/incidents')
  await page.getByText('You may not see this').waitFor()
  await look('forbidden')
  await page.route('**/api/hse-reports/rates', (route) => route.fulfill(problem('plugin-stopped', 503, 'The module is stopped.')))
  await visit('/rates')
  await page.getByText('The module is stopped.').first().waitFor()
  await look('failed')
  await page.unroute('**/api/hse-reports/rates')
  await page.getByRole('button', { name: 'Try again' }).click()
  await page.locator('[data-rate="trir-osha"]').waitFor()
  await page.route('**/api/hse-reports/exposureHours?**', (route) => route.abort())
  await page.getByRole('link', { name: 'Exposure hours' }).first().click()
  await page.getByText('The server cannot be reached').waitFor()
  await look('offline')
})

test('lists show what others enter by themselves, and the search finds numbers', async () => {
  await visit('/incidents')
  await page.getByText('No incidents yet').waitFor()
  const { number } = await enter('incident', fall)
  await page.getByRole('cell', { name: number }).waitFor()
  await enter('incident', { ...fall, site: 'Jetty', description: 'A hose burst.' })
  await page.getByText('1–2 of 2').waitFor()
  await page.getByRole('searchbox').fill(number)
  await page.getByText('1–1 of 1').waitFor()
  expect(await page.getByText('A fall from a ladder.').count()).toBe(1)
})

test('a deleted incident is in the bin with its actions, and is taken back from there', async () => {
  const incident = await enter('incident', fall)
  const { data: [owner] } = await ada.get<{ data: { id: string }[] }>('/api/users')
  await enter('correctiveAction', { incident: incident.id, title: 'Fit ladder cages', owner: owner?.id ?? '', due: '2999-01-01' })
  await visit('/incidents')
  await page.getByText('Open corrective actions: 1').waitFor()
  await look('incidents-actions')
  await page.getByRole('link', { name: 'Fit ladder cages' }).click()
  await page.getByRole('button', { name: 'Delete' }).click()
  await page.getByRole('dialog').getByRole('button', { name: 'Delete' }).click()
  await page.getByText('No incidents yet').waitFor()
  expect(await page.getByText('Open corrective actions').count()).toBe(0)
  await page.getByRole('link', { name: 'Deleted incidents' }).click()
  await page.getByRole('cell', { name: incident.number }).waitFor()
  await look('bin')
  await page.getByRole('button', { name: 'Take back' }).click()
  await page.getByText('Nothing is deleted').waitFor()
  await look('bin-empty')
  expect(await ada.get<Records<object>>('/api/hse-reports/correctiveAction')).toMatchObject({ data: [{ title: 'Fit ladder cages' }] })
})

test('an incident has comments, attachments, a history, and the fields the organisation added', async () => {
  const field = { module: 'hse-reports', entity: 'incident', name: 'badge', kind: 'string', label: { en: 'Badge number' }, maxLength: 6 }
  await ada.post('/api/custom-fields', field)
  await ada.post('/api/custom-fields', { ...field, name: 'reported', kind: 'date', label: { en: 'Reported to the authority' }, maxLength: undefined })
  const incident = await enter('incident', fall)
  await visit(`/incidents/${incident.id}`)
  await page.getByLabel('Badge number').fill('B-12')
  await page.getByRole('spinbutton', { name: 'Injured people' }).fill('0')
  await page.getByRole('button', { name: 'Save' }).click()
  await page.getByText('An injury has at least one injured person').first().waitFor()
  expect(await page.evaluate('document.activeElement.getAttribute("aria-invalid")')).toBe('true')
  await page.getByRole('spinbutton', { name: 'Injured people' }).fill('2')
  await page.getByRole('button', { name: 'Save' }).click()
  await toast('The incident is saved.')
  expect(await ada.get(`/api/hse-reports/incident/${incident.id}`)).toMatchObject({ injured: 2, custom: { badge: 'B-12', reported: null }, revision: 2 })
  await page.getByRole('textbox', { name: 'Write a comment' }).fill('Was the ladder inspected?')
  await page.getByRole('button', { name: 'Send' }).click()
  await page.getByText('Was the ladder inspected?').waitFor()
  await look('incident-comments')
  await page.getByRole('tab', { name: 'Attachments' }).click()
  await page.locator('input[type=file]').setInputFiles({ name: 'ladder.txt', mimeType: 'text/plain', buffer: Buffer.from('The ladder.') })
  await page.getByRole('link', { name: 'ladder.txt' }).waitFor()
  await look('incident-attachments')
  await page.getByRole('tab', { name: 'History' }).click()
  await page.getByText('Ada Admin changed it').waitFor()
  for (const text of ['Badge number', 'Injured people', 'Lost work day case (LWDC)']) await page.getByRole('region', { name: 'History' }).getByText(text).first().waitFor()
  await look('incident-history')
})

test('what somebody else changes is shown at once, unless something is being written: then it is said', async () => {
  const incident = await enter('incident', fall)
  const change = (changes: object, revision: number) => ada.send('PATCH', `/api/hse-reports/incident/${incident.id}`, changes, { 'if-match': `"${revision}"` })
  await visit(`/incidents/${incident.id}`)
  await page.getByRole('textbox', { name: 'Description' }).waitFor()
  await change({ site: 'North quay' }, 1)
  await expect.poll(() => page.getByLabel('Site').inputValue()).toBe('North quay')
  await page.getByRole('textbox', { name: 'Description' }).fill('A fall from a ladder, three metres.')
  await change({ site: 'South quay' }, 2)
  await page.getByText('Changed in the meantime').waitFor()
  expect(await page.getByRole('textbox', { name: 'Description' }).inputValue()).toContain('three metres')
  await look('incident-stale')
  await page.getByRole('button', { name: 'Save' }).click()
  await page.getByText(/has been changed|was changed|changed since/u).first().waitFor()
  await page.getByRole('button', { name: 'Load again' }).click()
  await expect.poll(() => page.getByLabel('Site').inputValue()).toBe('South quay')
})

test('on a phone, in the dark and in French nothing is wider than the screen', async () => {
  await importIncidents()
  await importHours()
  const { id } = await enter('incident', fall)
  const binned = await enter('incident', fall)
  await ada.send('DELETE', `/api/hse-reports/incident/${binned.id}`, undefined, { 'if-match': '"1"' })
  await ada.send('PATCH', '/api/me', { locale: 'fr' })
  await page.context().close()
  await open({ width: 390, height: 844 }, 'dark')
  const pages = [['/incidents', 'Nouvel incident'], ['/incidents/new', 'Enregistrer'], [`/incidents/${id}`, 'Aucun commentaire'], ['/bin', 'Ils ne figurent'], ['/rates', 'Cas enregistrables'], ['/hours', 'Ajouter des heures']] as const
  for (const [path, words] of pages) {
    await visit(path)
    await page.getByText(words).first().waitFor()
    expect(await page.evaluate(() => document.documentElement.scrollWidth), path).toBeLessThanOrEqual(390)
    await look(`phone${path.replace(id, 'one').replaceAll('/', '-')}`)
  }
})
