import { basename } from 'node:path'
import type { Browser, BrowserContext, Locator, Page } from 'playwright-core'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { launchBrowser } from '../setup/browser.ts'
import { password, TestPlatform } from '../setup/platform.ts'
import { hseReports, hseReportsBroken } from '../setup/registry.ts'
import { importHours, importIncidents, incidentFile, type Account } from './real-rows.ts'
import { keepPicture, WatchedPage } from './watched-page.ts'

let platform: TestPlatform
let browser: Browser
let context: BrowserContext
let office: WatchedPage
/** The page that stays open on the incidents while the module changes under it. */
let field: WatchedPage
let account: Account
let rows = 0
let isBroken = false

beforeAll(async () => {
  [platform, browser] = await Promise.all([TestPlatform.start(), launchBrowser()])
  context = await browser.newContext({ viewport: { width: 1366, height: 820 }, locale: 'en-GB', timezoneId: 'Europe/Paris', reducedMotion: 'reduce' })
}, 120_000)
afterAll(async () => {
  await browser?.close()
  await platform?.stop()
})
// Each step goes on from the one before it.
beforeEach(({ skip }) => skip(isBroken, 'an earlier step failed'))
afterEach(async ({ task }) => {
  if (task.result?.state !== 'fail') return
  isBroken = true
  for (const page of context.pages()) await keepPicture(page, 'FAILED')
})

const button = (page: Page | Locator, name: string | RegExp) => page.getByRole('button', { name, ...(typeof name === 'string' ? { exact: true } : {}) })
const menu = (page: Page, name: string) => page.getByRole('navigation', { name: 'Main navigation' }).getByRole('link', { name, exact: true })
const plan = (page: Page) => page.getByRole('dialog').filter({ has: page.getByTestId('plan') })
const operation = (page: Page) => page.getByTestId('operation')
const summary = (page: Page, text: string) => page.getByText(text, { exact: true }).waitFor()
const mark = (page: Page) => page.evaluate('window.story = "same page"')

/** Agrees to the plan that is shown and follows the operation to its end. */
async function applyPlan(page: Page, name: string): Promise<void> {
  await plan(page).getByTestId('apply').click()
  await operation(page).waitFor()
  await keepPicture(page, `${name}-running`)
  await page.locator('[data-testid=operation][data-state=succeeded]').waitFor()
  await keepPicture(page, `${name}-done`)
  await button(page.getByRole('dialog'), 'Close').last().click()
  await operation(page).waitFor({ state: 'detached' })
}

async function choose(page: Page, label: string, option: string): Promise<void> {
  await page.getByLabel(label).click()
  await page.getByRole('option', { name: option, exact: true }).click()
}

describe('the story of a module in a browser', () => {
  test('the first administrator signs in with the one-time password', async () => {
    const first = platform.host.firstAdministrator
    account = { url: platform.host.url, email: first?.email ?? '', password }
    office = await WatchedPage.open(context, platform.host.url)
    const { page } = office
    await mark(page)
    await page.waitForURL(/sign-in/)
    await page.getByLabel('E-mail').fill(account.email)
    await page.getByRole('textbox', { name: 'Password' }).fill(first?.password ?? '')
    await keepPicture(page, 'sign-in')
    await button(page, 'Sign in').click()
    await page.waitForURL(/\/password/)
  })

  test('must choose a password before anything else', async () => {
    const { page } = office
    await page.getByRole('textbox', { name: 'Current password' }).fill(platform.host.firstAdministrator?.password ?? '')
    await page.getByRole('textbox', { name: 'New password', exact: true }).fill(password)
    await page.getByRole('textbox', { name: 'New password again' }).fill(password)
    await keepPicture(page, 'new-password')
    await button(page, 'Save password').click()
    await page.getByText('Install your first module').waitFor()
    await keepPicture(page, 'home-empty')
  })

  test('discovers the module in the marketplace', async () => {
    const { page } = office
    await page.getByRole('link', { name: 'Find modules' }).click()
    await page.getByRole('article', { name: 'HSE reports' }).waitFor()
    await keepPicture(page, 'discover')
    await page.getByRole('link', { name: 'HSE reports' }).click()
    await page.getByRole('tab', { name: 'Overview' }).waitFor()
    await keepPicture(page, 'detail-overview')
    for (const tab of ['Permissions', 'Changelog', 'Versions']) {
      await page.getByRole('tab', { name: tab }).click()
      await page.getByRole('tabpanel', { name: tab }).waitFor()
      await keepPicture(page, `detail-${tab.toLowerCase()}`)
    }
  })

  test('installs release 1.0.0 after reading its plan; its menus are there without a reload', async () => {
    const { page } = office
    await page.getByRole('row', { name: /^1\.0\.0/ }).getByRole('button', { name: 'Install' }).click()
    await plan(page).getByText('It reaches its own data only.').waitFor()
    expect(await page.evaluate('document.activeElement.textContent')).toContain('Cancel')
    await keepPicture(page, 'install-plan')
    await applyPlan(page, 'install')
    for (const name of ['Incidents', 'Rates', 'Exposure hours']) await menu(page, name).waitFor()
    expect(await page.getByTestId('version').textContent()).toBe('1.0.0')
    await keepPicture(page, 'installed')
  })

  test('real rows come in through the public API', async () => {
    const [incidents, hours] = [await importIncidents(account), await importHours(account)]
    rows = incidents.created
    console.log(`${basename(incidentFile)}: ${rows} incidents, ${hours.created} months of exposure hours`)
    expect([incidents.failed, hours.failed]).toEqual([[], []])
    expect(rows).toBe(basename(incidentFile).startsWith('ihm') ? 425 : 40)
  }, 60_000)

  test('the list shows them, and the rates are there', async () => {
    const { page } = office
    await menu(page, 'Incidents').click()
    await summary(page, `1–25 of ${rows}`)
    await keepPicture(page, 'incidents')
    await menu(page, 'Rates').click()
    for (const rate of ['trir-osha', 'ltif-osha', 'trir-million', 'ltif-million']) expect(await page.locator(`[data-rate="${rate}"] dd`).textContent()).toMatch(/^\s*\d+\.\d\d/u)
    await page.locator('figure svg text').first().waitFor()
    await keepPicture(page, 'rates')
  })

  test('updates to 1.2.0: the plan is shown, the open page swaps by itself, the rows are kept', async () => {
    field = await WatchedPage.open(context, `${platform.host.url}/x/hse-reports/incidents`)
    await mark(field.page)
    await summary(field.page, `1–25 of ${rows}`)
    expect(await field.page.getByRole('columnheader', { name: 'Risk level' }).count()).toBe(0)

    const { page } = office
    await menu(page, 'Modules').click()
    await button(page.getByRole('article', { name: 'HSE reports' }), 'Update').click()
    await plan(page).getByText('1.0.0').first().waitFor()
    // Rated by one migration, numbered by the next.
    await plan(page).getByText(`${2 * rows} rows touched`).first().waitFor()
    await plan(page).getByText('Can be taken back without loss').waitFor()
    await keepPicture(page, 'update-plan')
    await applyPlan(page, 'update')

    await field.page.getByRole('columnheader', { name: 'Risk level' }).waitFor()
    await summary(field.page, `1–25 of ${rows}`)
    await keepPicture(field.page, 'incidents-swapped')
    expect(await field.page.evaluate('window.story')).toBe('same page')
  })

  test('an incident and a corrective action are entered in the new release', async () => {
    const { page } = field
    await page.getByRole('link', { name: 'New incident' }).click()
    await choose(page, 'Type', 'Near miss')
    await choose(page, 'Actual severity', 'I')
    await choose(page, 'Potential severity', 'V')
    await page.getByLabel('Site').fill('Jetty 2')
    await page.getByLabel('Occurred').fill('2026-01-05T10:00')
    await page.getByRole('textbox', { name: 'Description' }).fill('A hose burst while bunkering; nobody stood near it.')
    await keepPicture(page, 'incident-form')
    await button(page, 'Save').click()
    await page.getByText('No corrective actions').waitFor()
    expect(await page.getByLabel('Risk level').textContent()).toContain('High')
    await button(page, 'Add corrective action').click()
    const dialog = page.getByRole('dialog')
    await dialog.getByLabel('What is to be done').fill('Replace hoses older than four years')
    await dialog.getByLabel('Owner').click()
    await page.getByRole('option').first().click()
    await dialog.getByLabel('Due').fill('2099-01-31')
    await keepPicture(page, 'action-dialog')
    await button(dialog, 'Add corrective action').click()
    await page.getByRole('cell', { name: 'Replace hoses older than four years' }).waitFor()
    await keepPicture(page, 'incident-with-action')
    rows += 1
  })

  test('release 1.3.0 from a file is refused with its reason; 1.2.0 serves on', async () => {
    const { page } = office
    const file = await platform.parts.registry.build({ folder: hseReports, overlay: hseReportsBroken })
    await page.getByLabel('Install from file').setInputFiles(file)
    const dialog = page.getByRole('dialog')
    await dialog.getByRole('alert').getByText('A migration failed').waitFor()
    await keepPicture(page, 'broken-refused')
    await button(dialog, 'Cancel').click()
    await page.getByRole('link', { name: 'HSE reports' }).click()
    expect(await page.getByTestId('version').textContent()).toBe('1.2.0')
    await menu(field.page, 'Incidents').click()
    await summary(field.page, `1–25 of ${rows}`)
  })

  test('rolls back to 1.0.0 without loss: what was entered meanwhile is still there', async () => {
    const { page } = office
    await button(page, 'Actions on HSE reports').click()
    await page.getByRole('menuitem', { name: 'Roll back to 1.0.0' }).click()
    await plan(page).getByText('every value was the same afterwards').waitFor()
    await keepPicture(page, 'rollback-plan')
    await applyPlan(page, 'rollback')
    await field.page.getByRole('columnheader', { name: 'Risk level' }).waitFor({ state: 'detached' })
    await summary(field.page, `1–25 of ${rows}`)
    await field.page.getByRole('searchbox').fill('Jetty 2')
    await field.page.getByText('A hose burst while bunkering').waitFor()
    await keepPicture(field.page, 'incidents-rolled-back')
  })

  test('uninstalls and keeps the data', async () => {
    const { page } = office
    await button(page, 'Actions on HSE reports').click()
    await page.getByRole('menuitem', { name: 'Uninstall…' }).click()
    await page.getByRole('radio', { name: /Keep the data/ }).waitFor()
    await keepPicture(page, 'uninstall')
    await button(page, 'Continue').click()
    await plan(page).waitFor()
    await keepPicture(page, 'uninstall-plan')
    await applyPlan(page, 'uninstall')
    await menu(page, 'Incidents').waitFor({ state: 'detached' })
    await page.getByText('Data of an earlier installation is kept').waitFor()
    await keepPicture(page, 'uninstalled')
    await field.page.getByText('This module is not loaded').waitFor()
    await keepPicture(field.page, 'page-of-an-uninstalled-module')
  })

  test('finds the data again when installed again', async () => {
    const { page } = office
    await button(page, 'Install').click()
    await plan(page).waitFor()
    await keepPicture(page, 'reinstall-plan')
    await applyPlan(page, 'reinstall')
    await menu(page, 'Incidents').click()
    await summary(page, `1–25 of ${rows}`)
    await page.getByRole('searchbox').fill('Jetty 2')
    await page.getByText('A hose burst while bunkering').click()
    await page.getByRole('cell', { name: 'Replace hoses older than four years' }).waitFor()
    await keepPicture(page, 'data-found-again')
  })

  test('in all of it nothing was reloaded, blocked, fetched from elsewhere or logged as an error', async () => {
    for (const { page, complaints, documents } of [office, field]) {
      expect(complaints).toEqual([])
      expect(documents).toBe(1)
      expect(await page.evaluate('window.story')).toBe('same page')
    }
    expect(office.refusals).toEqual(['401 GET /api/session', '409 POST /api/modules/plans'])
    expect(field.refusals).toEqual([])
  })
})
