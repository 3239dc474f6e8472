import { mkdirSync, readFileSync } from 'node:fs'
import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { AxeBuilder } from '@axe-core/playwright'
import { mapRow, readMapping, type Row } from '@opsflux/example-import-csv'
import { uuidV7 } from '@opsflux/data'
import { OpsFluxError } from '@opsflux/sdk'
import { parse } from 'csv-parse/sync'
import type { Browser, Page } from 'playwright-core'
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest'
import { launchBrowser } from '../setup/browser.ts'
import { buildShell } from '../shell/build-shell.ts'
import { pagesHost } from './pages-host.ts'

const importer = join(import.meta.dirname, '../../examples/import-csv')
const shots = join(import.meta.dirname, '../artefacts/hse-reports')
let dist: string
let browser: Browser
let host: Awaited<ReturnType<typeof pagesHost>>
let page: Page
let complaints: string[]

beforeAll(async () => {
  mkdirSync(shots, { recursive: true })
  ;[dist, browser] = await Promise.all([buildShell(), launchBrowser()])
  host = await pagesHost(dist)
}, 180_000)
afterAll(async () => {
  await browser.close()
  await host[Symbol.asyncDispose]()
  await rm(dist, { recursive: true })
})
beforeEach(async () => {
  // A tenant of its own: no test sees the rows of another.
  Object.assign(host.state, { tenantId: uuidV7(), locale: 'en', permissions: ['*'], failing: undefined })
  await open({ width: 1366, height: 900 })
})
afterEach(async () => {
  await page.context().close()
  expect(complaints).toEqual([])
})

async function open(viewport: { width: number; height: number }): Promise<void> {
  page = await (await browser.newContext({ viewport, locale: 'en-GB', timezoneId: 'Africa/Douala' })).newPage()
  complaints = []
  page.on('pageerror', (error) => complaints.push(error.message))
  page.on('console', (message) => { if (/content security policy|\[Vue warn\]|hse-reports\]/iu.test(message.text())) complaints.push(message.text()) })
}

const visit = (path: string): Promise<unknown> => page.goto(`${host.url}/x/hse-reports${path}`)

/** Keeps a picture and finds no accessibility fault. */
async function look(name: string): Promise<void> {
  await page.screenshot({ path: join(shots, `${name}.png`), fullPage: true })
  const { violations } = await new AxeBuilder({ page }).withTags(['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa']).analyze()
  expect(violations.map(({ id, nodes }) => `${id}: ${nodes[0]?.html ?? ''}`), name).toEqual([])
}

const importIncidents = (): Promise<void> => importSample('incident', 'sample-incidents.csv', 'ihm-accidents.mapping.json')
const importHours = (): Promise<void> => importSample('exposureHours', 'sample-hours.csv', 'sample-hours.mapping.json')

async function importSample(entity: string, name: string, mappingName: string): Promise<void> {
  const mapping = readMapping(JSON.parse(readFileSync(join(importer, mappingName), 'utf8')))
  for (const row of parse(readFileSync(join(importer, name), 'utf8'), { columns: true }) as Row[]) await host.create(entity, mapRow(row, mapping))
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
})

test('an incident is submitted, gets a corrective action, and closes once that is done', async () => {
  const incident = await host.create('incident', { type: 'lostTime', actualSeverity: 'IV', potentialSeverity: 'V', site: 'Quay', occurredAt: '2026-02-01T08:00:00Z', description: 'A fall from a ladder.' })
  await visit(`/incidents/${String(incident.id)}`)
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
  await host.create('incident', { type: 'medicalTreatment', actualSeverity: 'II', potentialSeverity: 'II', site: 'Quay', occurredAt: '2026-02-01T08:00:00Z', description: 'A cut.' })
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

test('who may not see it is told so, and an error offers another try', async () => {
  await importIncidents()
  host.state.permissions = ['hse-reports.create.all']
  await visit('/incidents')
  await page.getByText('You may not see this').waitFor()
  await look('forbidden')
  host.state.permissions = ['*']
  host.state.failing = new OpsFluxError('plugin-stopped', 'The module is stopped.')
  await visit('/rates')
  await page.getByText('The module is stopped.').first().waitFor()
  await look('failed')
  host.state.failing = undefined
  await page.getByRole('button', { name: 'Try again' }).click()
  await page.locator('[data-rate="trir-osha"]').waitFor()
})

test('on a phone and in French nothing is wider than the screen', async () => {
  await importIncidents()
  await importHours()
  await page.context().close()
  await open({ width: 390, height: 844 })
  host.state.locale = 'fr'
  for (const [path, words] of [['/incidents', 'Nouvel incident'], ['/incidents/new', 'Enregistrer'], ['/rates', 'Cas enregistrables'], ['/hours', 'Ajouter des heures']] as const) {
    await visit(path)
    await page.getByText(words).first().waitFor()
    expect(await page.evaluate(() => document.documentElement.scrollWidth), path).toBeLessThanOrEqual(390)
    await look(`phone${path.replaceAll('/', '-')}`)
  }
})
