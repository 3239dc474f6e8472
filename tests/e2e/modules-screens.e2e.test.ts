import { readFile } from 'node:fs/promises'
import type { Operation, OperationStep } from '@opsflux/sdk'
import type { Browser, Locator, Page } from 'playwright-core'
import { afterAll, afterEach, beforeAll, beforeEach, describe, test } from 'vitest'
import type { ApiClient } from '../setup/api-client.ts'
import { launchBrowser } from '../setup/browser.ts'
import { TestPlatform } from '../setup/platform.ts'
import { hseReports, hseReportsBroken, hseReportsDying, hseReportsFirst } from '../setup/registry.ts'
import { judge as judgeIn, looks, textsOf } from './screen-judge.ts'

const incident = { type: 'firstAid', actualSeverity: 'I', potentialSeverity: 'III', site: 'Quay', occurredAt: '2026-03-01T08:30:00Z', description: 'Slipped on deck' }

let platform: TestPlatform
let browser: Browser
let admin: ApiClient
/** What happens at a step of the next operation. */
let atStep: ((step: OperationStep, operation: Operation) => Promise<void> | void) | undefined

beforeAll(async () => {
  [platform, browser] = await Promise.all([TestPlatform.start({ onStep: (operation, step, phase) => (phase === 'before' ? atStep?.(step, operation) : undefined) }), launchBrowser()])
  admin = await platform.signIn()
}, 120_000)
afterAll(async () => {
  await browser?.close()
  await platform?.stop()
})

/** Holds the next operation at a step until the returned function is called. */
function holdAt(wanted: OperationStep): () => void {
  const held = Promise.withResolvers<void>()
  atStep = (step) => (step === wanted ? held.promise : undefined)
  return () => { atStep = undefined; held.resolve() }
}

describe.each(['en', 'fr'])('every screen and state of Modules is accessible and fits: %s', (locale) => {
  const t = textsOf(locale)
  const name = locale === 'fr' ? 'Rapports HSE' : 'HSE reports'
  let page: Page
  const judge = (state: string): Promise<void> => judgeIn(page, state, looks[locale] ?? [])
  const button = (text: string, within: Page | Locator = page) => within.getByRole('button', { name: text, exact: true })
  const card = () => page.locator('[data-module=hse-reports]')
  const dialog = () => page.getByRole('dialog')
  let isBroken = false
  // Each step goes on from the one before it. A fault in how a screen looks is no reason to stop.
  beforeEach(({ skip }) => skip(isBroken, 'an earlier step failed'))
  afterEach(({ task }) => { isBroken ||= task.result?.errors?.some(({ name: kind }) => kind !== 'AssertionError') ?? false })
  const menuEntry = async (text: string): Promise<void> => {
    await button(t('modules.actionsOn', { name })).click()
    await page.getByRole('menuitem', { name: text }).click()
  }
  const ended = (state: string) => page.locator(`[data-testid=operation][data-state=${state}]`).waitFor()
  const planned = () => page.getByTestId('plan').waitFor()
  const closeDrawer = async (): Promise<void> => {
    await button(t('modules.operation.close'), dialog()).last().click()
    await dialog().waitFor({ state: 'detached' })
  }
  const cancel = async (): Promise<void> => {
    await button(t('common.cancel'), dialog()).click()
    await dialog().waitFor({ state: 'detached' })
  }
  const upload = async (overlay: string | undefined, folder = hseReports): Promise<void> => {
    await page.getByLabel(t('modules.fromFile')).setInputFiles(await platform.parts.registry.build({ folder, ...(overlay ? { overlay } : {}) }))
    await dialog().waitFor()
  }

  beforeAll(async () => {
    await admin.send('PATCH', '/api/me', { locale })
    const context = await browser.newContext({ locale: 'en-GB', timezoneId: 'Europe/Paris', reducedMotion: 'reduce', viewport: looks[locale]?.[0] ?? null })
    const [cookieName = '', value = ''] = admin.cookie.split('=')
    await context.addCookies([{ name: cookieName, value, url: platform.host.url }])
    page = await context.newPage()
    page.setDefaultTimeout(15_000)
  })
  afterAll(() => page.context().close())

  test('the list: loading, out of reach, found, not found', async () => {
    const pause = Promise.withResolvers<void>()
    await page.route('**/api/modules', async (route) => { await pause.promise; await route.continue() })
    await page.goto(`${platform.host.url}/modules`)
    await page.getByRole('status', { name: t('modules.loading') }).waitFor()
    await judge('list-loading')
    pause.resolve()
    await card().getByRole('link', { name }).waitFor()
    await page.unroute('**/api/modules')
    await judge('list')
    await page.getByRole('searchbox').fill('zzz')
    await page.getByText(t('modules.noMatch')).waitFor()
    await judge('list-no-match')
    await page.route('**/api/modules', (route) => route.abort())
    await page.reload()
    await page.getByRole('alert').getByText(t('errors.not-ready')).first().waitFor()
    await judge('list-error')
    await page.unroute('**/api/modules')
    await button(t('common.retry')).click()
    await card().waitFor()
  })

  test('the page of a module: its tabs, one that does not exist', async () => {
    await page.goto(`${platform.host.url}/modules/hse-nothing`)
    await page.getByText(t('modules.notFound')).waitFor()
    await judge('detail-not-found')
    await page.goto(`${platform.host.url}/modules`)
    await card().getByRole('link').click()
    await page.getByRole('tabpanel', { name: t('modules.tabs.overview') }).waitFor()
    await judge('detail-overview')
    for (const tab of ['rights', 'changelog', 'versions']) {
      await page.getByRole('tab', { name: t(`modules.tabs.${tab}`) }).click()
      await page.getByRole('tabpanel', { name: t(`modules.tabs.${tab}`) }).waitFor()
      await judge(`detail-${tab}`)
    }
    for (const [state, title] of [['running', /1/], ['failed', t('modules.afterSteps.failed')]] as const) {
      const step = { migration: '0002-sites', statement: 'create unique index concurrently incident_site on incident (tenant_id, site) where deleted_at is null', state, rows: 120_000, problem: 'could not create unique index "incident_site"' }
      await page.route('**/api/modules/hse-reports', async (route) => {
        const response = await route.fetch()
        await route.fulfill({ response, json: { ...(await response.json() as object), afterSteps: [step] } })
      })
      await page.reload()
      await page.getByTestId('after-steps').getByText(title).first().waitFor()
      await judge(`detail-after-steps-${state}`)
      await page.unroute('**/api/modules/hse-reports')
    }
    await page.reload()
    await page.getByRole('tab', { name: t('modules.tabs.versions') }).click()
  })

  test('an installation: plan being made, plan, steps, connection away, in the background, done', async () => {
    const pause = Promise.withResolvers<void>()
    await page.route('**/api/modules/plans', async (route) => { await pause.promise; await route.continue() })
    await page.getByRole('row', { name: /1\.0\.0/ }).getByRole('button').click()
    await dialog().getByRole('status', { name: t('modules.plan.making') }).waitFor()
    await judge('plan-loading')
    pause.resolve()
    await planned()
    await page.unroute('**/api/modules/plans')
    await judge('plan-install')
    const go = holdAt('migrate')
    await page.getByTestId('apply').click()
    await page.getByText(t('modules.operation.states.running')).or(page.getByLabel(t('modules.operation.states.running'))).first().waitFor()
    await judge('operation-running')
    await page.context().setOffline(true)
    await page.getByText(t('modules.operation.away')).waitFor()
    await judge('operation-away')
    await page.context().setOffline(false)
    await page.getByText(t('modules.operation.away')).waitFor({ state: 'detached' })
    await button(t('modules.operation.background')).click()
    await button(t('modules.operation.show')).waitFor()
    await judge('operation-background')
    await page.reload()
    await button(t('modules.operation.show')).click()
    await page.getByTestId('operation').waitFor()
    go()
    await ended('succeeded')
    await judge('operation-done')
    await closeDrawer()
    await judge('detail-installed')
  })

  test('an update: plan, returned when the new release does not answer', async () => {
    for (let n = 0; n < 3; n++) await admin.post('/api/hse-reports/incident', incident)
    await page.goto(`${platform.host.url}/modules`)
    await card().waitFor()
    await judge('list-update')
    await button(t('modules.update'), card()).click()
    await planned()
    await judge('plan-update')
    atStep = (step) => { if (step === 'check') throw new Error('The release was made to fail here.') }
    await page.getByTestId('apply').click()
    await ended('returned')
    await judge('operation-returned')
    await closeDrawer()
    atStep = undefined
    await button(t('modules.update'), card()).click()
    await planned()
    await page.getByTestId('apply').click()
    await ended('succeeded')
    await closeDrawer()
  })

  test('a release from a file: one that asks for consent, refused by its migration, older than what is installed, not genuine', async () => {
    await upload(undefined, 'tests/fixtures/hse-grants')
    await planned()
    await dialog().getByRole('checkbox').first().click()
    await judge('plan-consent')
    await cancel()
    await upload(hseReportsBroken)
    await page.getByTestId('plan-failure').waitFor()
    await judge('plan-refused')
    await cancel()
    await upload(hseReportsFirst)
    await button(t('modules.rollBackTo', { version: '1.0.0' }), dialog()).waitFor()
    await judge('plan-older-file')
    await button(t('modules.rollBackTo', { version: '1.0.0' }), dialog()).click()
    await planned()
    await judge('plan-rollback')
    await cancel()
    const bytes = await readFile(await platform.parts.registry.build({ folder: hseReports, overlay: hseReportsFirst }))
    await page.getByLabel(t('modules.fromFile')).setInputFiles({ name: 'broken.tgz', mimeType: 'application/gzip', buffer: bytes.subarray(0, 5_000) })
    await page.getByText(/broken\.tgz/).waitFor()
    await judge('file-refused')
  })

  test('a module that dies is stopped: the screen says so by itself, and offers the ways out', async () => {
    await page.goto(`${platform.host.url}/modules`)
    await upload(hseReportsDying)
    await planned()
    await page.getByTestId('apply').click()
    await ended('succeeded')
    await closeDrawer()
    for (let death = 0; death < 3; death++) await admin.get('/api/hse-reports/rates').catch(() => undefined)
    await page.getByTestId('trouble').waitFor()
    await judge('list-stopped')
    await card().getByRole('link').click()
    await page.getByTestId('trouble').getByText(/3 deaths/).waitFor()
    await judge('detail-stopped')
    await button(t('modules.startAgain')).click()
    await planned()
    await judge('plan-start-again')
    await page.getByTestId('apply').click()
    await ended('succeeded')
    await closeDrawer()
    await page.getByTestId('trouble').waitFor({ state: 'detached' })
    for (let death = 0; death < 3; death++) await admin.get('/api/hse-reports/rates').catch(() => undefined)
    await button(t('modules.rollBackTo', { version: '1.2.0' })).click()
    await planned()
    await page.getByTestId('apply').click()
    await ended('succeeded')
    await closeDrawer()
    await page.getByTestId('trouble').waitFor({ state: 'detached' })
  })

  test('a module switched off and on again', async () => {
    await menuEntry(t('modules.disable'))
    await planned()
    await judge('plan-disable')
    await page.getByTestId('apply').click()
    await ended('succeeded')
    await closeDrawer()
    await page.getByText(t('modules.disabledTitle')).waitFor()
    await judge('detail-disabled')
    await button(t('modules.enable')).click()
    await planned()
    await page.getByTestId('apply').click()
    await ended('succeeded')
    await closeDrawer()
  })

  test('uninstalling: what becomes of the data, kept, erased', async () => {
    await button(t('modules.actionsOn', { name })).click()
    await page.getByRole('menu').waitFor()
    await judge('detail-menu')
    await page.keyboard.press('Escape')
    await menuEntry(t('modules.uninstall'))
    await page.getByRole('radio').first().waitFor()
    await judge('uninstall')
    await button(t('modules.continue')).click()
    await planned()
    await judge('plan-uninstall')
    await page.getByTestId('apply').click()
    await ended('succeeded')
    await closeDrawer()
    await page.getByText(t('modules.keptTitle')).waitFor()
    await judge('detail-kept')
    await page.goto(`${platform.host.url}/modules`)
    await card().waitFor()
    await judge('list-kept')
    await admin.change({ action: 'install', id: 'hse-reports' })
    await menuEntry(t('modules.uninstall'))
    await page.getByRole('radio').last().check()
    await button(t('modules.continue')).click()
    await planned()
    await judge('plan-purge')
    await page.getByTestId('apply').click()
    await ended('succeeded')
    await closeDrawer()
  })
})

test('without the marketplace the screen says so, and installed modules go on', async () => {
  await admin.send('PATCH', '/api/me', { locale: 'en' })
  await admin.change({ action: 'install', id: 'hse-reports' })
  await platform.parts.marketplace.stop()
  const context = await browser.newContext({ reducedMotion: 'reduce', viewport: { width: 1366, height: 820 } })
  const [name = '', value = ''] = admin.cookie.split('=')
  await context.addCookies([{ name, value, url: platform.host.url }])
  const page = await context.newPage()
  await page.goto(`${platform.host.url}/modules`)
  await page.getByText('The marketplace does not answer').waitFor()
  await page.getByRole('article', { name: 'HSE reports' }).waitFor()
  await judgeIn(page, 'list-unreachable', Object.values(looks).flat())
  await page.getByRole('link', { name: 'HSE reports' }).click()
  await page.getByRole('tab', { name: 'Versions' }).click()
  await judgeIn(page, 'detail-unreachable', looks['en'] ?? [])
  await context.close()
})
