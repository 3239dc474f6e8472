import { mkdir, rm } from 'node:fs/promises'
import { limitTable, type LimitName, type ModuleDetail, type ParkedChanges, type PlatformStatus } from '@opsflux/sdk'
import type { Browser, Page } from 'playwright-core'
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest'
import { launchBrowser } from '../setup/browser.ts'
import { artefacts, screens, violations } from './browser-test.ts'
import { buildShell } from './build-shell.ts'
import { session, stubHost, type StubHost } from './stub-host.ts'

let dist: string
let browser: Browser
let host: StubHost
let page: Page

beforeAll(async () => {
  [dist, browser] = await Promise.all([buildShell(), launchBrowser(), mkdir(artefacts, { recursive: true })])
  host = await stubHost(dist)
})
afterAll(async () => {
  await browser.close()
  await host.close()
  await rm(dist, { recursive: true })
})
beforeEach(async () => {
  host.state.session = session()
  host.answers.clear()
  host.received.length = 0
  page = await (await browser.newContext({ ...screens['light'], locale: 'en-GB', reducedMotion: 'reduce' })).newPage()
})
afterEach(async () => { await page.context().close() })

const limitNames = Object.keys(limitTable) as LimitName[]
const ceilings = Object.fromEntries(limitNames.map((name) => [name, limitTable[name].ceiling])) as Record<LimitName, number>
const platform = (changes: Partial<PlatformStatus> = {}): PlatformStatus => ({
  sandbox: { applied: ['separate process', 'empty environment', 'Node permissions', 'memory seen by the host', 'resource limits'], missing: ['no network', 'user of its own'] },
  registry: { reachable: true, checkedAt: '2026-11-20T10:00:00.000Z', level: 'ok' }, ceilings, ...changes,
})

const weather = (changes: Partial<ModuleDetail> = {}): ModuleDetail => ({
  id: 'hse-weather', name: 'Weather at sea', summary: 'Wind and waves beside every permit.', icon: 'truck', category: 'safety', publisher: 'opsflux',
  installed: { version: '1.0.0', state: 'active', since: '2026-11-01T08:00:00.000Z' }, latest: '1.0.0',
  readme: '# Weather\n\nWind and waves.', changelog: [], versions: [], permissions: [], menus: [], entities: [], restorePoints: [], operations: [],
  capabilities: [
    { name: 'http.fetch', reason: 'Asks the forecast of the day.', required: true, hosts: ['api.weather.example', '*.tides.example'], granted: true, grantedHosts: ['api.weather.example', '*.tides.example'] },
    { name: 'users.read', reason: 'Names who looked.', required: false, granted: false },
  ],
  secrets: [{ name: 'apiKey', reason: 'From your account at the forecast office.', required: true }],
  limits: limitNames.map((name) => ({ name, value: limitTable[name].default, default: limitTable[name].default, ceiling: limitTable[name].ceiling, ...(name === 'memoryMb' ? { asked: 320 } : {}) })),
  refusals: [{ capability: 'http.fetch', detail: 'tracker.example', user: 'Ada Admin', count: 12, lastAt: '2026-11-20T09:30:00.000Z' }],
  ...changes,
})

const parkedChanges: ParkedChanges = {
  count: 23,
  latest: Array.from({ length: 4 }, (_, index) => ({
    entity: 'correctiveAction', recordId: `019a0000-0000-7000-8000-0000000000${String(index).padStart(2, '0')}`, action: index === 0 ? 'transition' : 'update', plugin: 'risk-matrix',
    problem: index === 1 ? `The store answered: ${'unexpected'.repeat(60)}` : 'The store answered 503 to the request of the module.', since: `2026-11-20T09:30:${String(59 - index)}.123Z`,
  })),
}

async function openModule(detail: ModuleDetail): Promise<void> {
  host.answers.set('GET /api/modules/hse-weather', { body: detail })
  host.answers.set('GET /api/platform/status', { body: platform() })
  await page.goto(`${host.url}/modules/hse-weather`)
  await page.getByText('Wind and waves beside every permit.').waitFor()
}

test('an admin takes a host back from a module', async () => {
  await openModule(weather())
  await page.getByRole('tab', { name: 'Permissions' }).click()
  host.answers.set('PUT /api/modules/hse-weather/grants', { body: weather({ capabilities: [{ name: 'http.fetch', reason: 'Asks the forecast of the day.', required: true, hosts: ['api.weather.example', '*.tides.example'], granted: true, grantedHosts: ['api.weather.example'] }] }) })
  await page.getByRole('button', { name: 'Change…' }).click()
  await page.getByRole('dialog').getByLabel('*.tides.example').click()
  await page.getByRole('textbox', { name: 'Other servers' }).fill('Api.More.example\n')
  await page.getByRole('button', { name: 'Save' }).click()
  await page.getByText('Saved. It counts from now on.').waitFor()
  expect(host.received.at(-1)).toEqual({ request: 'PUT /api/modules/hse-weather/grants', body: { grants: [{ name: 'http.fetch', hosts: ['api.weather.example', 'api.more.example'] }], scope: 'platform' } })
  expect(await page.locator('[data-capability="http.fetch"]').innerText()).not.toContain('tides')
})

test('taking back what a module requires says what follows; a refusal of the server stays in the dialog', async () => {
  await openModule(weather())
  await page.getByRole('tab', { name: 'Permissions' }).click()
  await page.getByRole('button', { name: 'Change…' }).click()
  await page.getByRole('radio', { name: 'My organisation' }).click()
  await page.getByRole('dialog').getByLabel('Send requests to other servers').click()
  await page.getByText('The module says it cannot do without').waitFor()
  host.answers.set('PUT /api/modules/hse-weather/grants', { status: 409, body: { code: 'operation-in-progress', status: 409, title: 'x', detail: 'An update of this module runs. Try again when it has ended.' } })
  await page.getByRole('button', { name: 'Save' }).click()
  await page.getByText('An update of this module runs.').waitFor()
  expect(host.received.at(-1)?.body).toEqual({ grants: [], scope: 'organisation' })
})

test('a secret that is missing is asked for, sent once and never shown', async () => {
  await openModule(weather())
  await page.getByText('A key is missing').waitFor()
  await page.getByRole('button', { name: 'Enter' }).click()
  const secret = page.locator('[data-secret="apiKey"]')
  await secret.getByRole('button', { name: 'Enter' }).click()
  await page.getByRole('button', { name: 'Save' }).click()
  await page.getByText('Enter the key or password.').waitFor()
  host.answers.set('PUT /api/modules/hse-weather/secrets/apiKey', { status: 204, body: undefined })
  host.answers.set('GET /api/modules/hse-weather', { body: weather({ secrets: [{ name: 'apiKey', reason: 'From your account.', required: true, isSet: true, setAt: '2026-11-20T10:00:00.000Z', setBy: 'Ada Admin' }] }) })
  await page.getByRole('textbox', { name: 'Key or password' }).fill('s3cret-value')
  await page.getByRole('button', { name: 'Save' }).click()
  await secret.getByText(/Set on .* by Ada Admin/).waitFor()
  expect(host.received).toContainEqual({ request: 'PUT /api/modules/hse-weather/secrets/apiKey', body: { value: 's3cret-value' } })
  expect(await page.content()).not.toContain('s3cret-value')
})

test('a limit is chosen within its bounds and given back', async () => {
  await openModule(weather())
  await page.getByRole('tab', { name: 'Limits' }).click()
  await page.getByRole('button', { name: 'Change…' }).click()
  const memory = page.getByLabel('Memory (MB)')
  await memory.fill('9000')
  await page.getByRole('button', { name: 'Save' }).click()
  await page.getByText('Enter a figure from 96 MB to 512 MB.').waitFor()
  host.answers.set('PUT /api/modules/hse-weather/limits', { body: weather() })
  await memory.fill('400')
  await page.getByLabel('Time of one call (seconds)').fill('2,5')
  await page.getByRole('button', { name: 'Save' }).click()
  await page.getByText('Saved.', { exact: true }).waitFor()
  expect(host.received.at(-1)?.body).toEqual({ limits: { memoryMb: 400, callMs: 2500 } })
})

test('a module whose files were altered says which and offers the repair', async () => {
  await openModule(weather({ installed: { version: '1.0.0', state: 'failed', reason: 'The file is not the one its publisher signed.', altered: { entry: 'server/index.js' }, since: '2026-11-01T08:00:00.000Z' } }))
  const trouble = page.getByTestId('trouble')
  expect(await trouble.innerText()).toContain('server/index.js')
  host.answers.set('POST /api/modules/plans', { status: 503, body: { code: 'registry-unreachable', status: 503, title: 'x', detail: 'The package is not here and the registry does not answer.' } })
  await trouble.getByRole('button', { name: 'Repair' }).click()
  await page.getByText('The package is not here and the registry does not answer.').waitFor()
  expect(host.received.at(-1)).toEqual({ request: 'POST /api/modules/plans', body: { action: 'repair', id: 'hse-weather' } })
})

test('a revoked release is told with its reason and the way out', async () => {
  await openModule(weather({ update: '1.0.1', latest: '1.0.1', installed: { version: '1.0.0', state: 'blocked', reason: 'Its key was stolen.', rollbackTo: '0.9.0', since: '2026-11-01T08:00:00.000Z' } }))
  const trouble = page.getByTestId('trouble')
  expect(await trouble.innerText()).toContain('Its key was stolen.')
  expect(await trouble.getByRole('button').allInnerTexts()).toEqual(['Update to 1.0.1', 'Roll back to 0.9.0'])
})

test('changes that hooks were given up on are told with record, hook and reason, tried again, and forgotten after a question', async () => {
  await openModule(weather({ parkedChanges }))
  const parked = page.getByTestId('parked-changes')
  expect(await parked.innerText()).toContain('23 changes of records were not passed on')
  await parked.getByText('Show the latest 4').click()
  expect(await parked.getByRole('listitem').count()).toBe(4)
  expect(await parked.getByRole('listitem').first().innerText()).toMatch(/New state · correctiveAction 019a0000-0000-7000-8000-000000000000\s+Reason: The store answered 503.*\s+In the module risk-matrix, given up on Nov 20, 2026/)
  const until = '2026-11-20T09:30:59.123Z'
  host.answers.set('POST /api/modules/hse-weather/parked-changes/retry', { status: 503, body: { code: 'not-ready', status: 503, title: 'x', detail: 'Soon.' } })
  await parked.getByRole('button', { name: 'Try again' }).click()
  await parked.getByRole('alert').waitFor()
  await parked.getByRole('button', { name: 'Forget' }).click()
  await page.getByRole('dialog').getByText('What was to follow them never happens.').waitFor()
  expect(await page.evaluate('document.activeElement.textContent')).toBe('Cancel')
  await page.keyboard.press('Enter')
  await parked.getByRole('button', { name: 'Forget' }).click()
  host.answers.set('POST /api/modules/hse-weather/parked-changes/forget', { body: weather() })
  await page.getByRole('dialog').getByRole('button', { name: 'Forget' }).click()
  await page.getByText('Forgotten', { exact: true }).waitFor()
  expect(await parked.count()).toBe(0)
  expect(host.received.filter(({ request }) => request.startsWith('POST'))).toEqual(['retry', 'forget'].map((work) => ({ request: `POST /api/modules/hse-weather/parked-changes/${work}`, body: { until } })))
  // The page behind the dialog can be used again.
  await page.getByRole('tab', { name: 'Limits' }).click()
  await page.getByRole('tabpanel', { name: 'Limits' }).waitFor()
})

test.each([['warning', 'status'], ['alarm', 'alert']] as const)('a registry out of date is told on every page of an administrator: %s', async (level, role) => {
  host.answers.set('GET /api/platform/status', { body: platform({ registry: { reachable: false, expiredSince: '2026-11-10T00:00:00.000Z', level } }) })
  await page.goto(host.url)
  await page.getByRole(role).and(page.getByTestId('registry-banner')).waitFor()
  expect(await violations(page)).toEqual([])
  await page.getByRole('link', { name: 'See what to do' }).click()
  await page.getByText('Installed modules keep running.').waitFor()
})

/** Opens French pages on this screen; the answer judges what is on them. */
async function judgeOn(screen: string): Promise<(name: string) => Promise<void>> {
  await page.context().close()
  page = await (await browser.newContext({ ...screens[screen], reducedMotion: 'reduce', locale: 'fr-FR' })).newPage()
  host.state.session = { ...session(), user: { ...session().user, locale: 'fr' } }
  return async (name) => {
    await page.evaluate('document.fonts.ready')
    await page.screenshot({ path: `${artefacts}safety-${name}-${screen}.png`, fullPage: true, animations: 'disabled' })
    expect.soft(await violations(page), name).toEqual([])
    expect.soft(await page.evaluate('document.documentElement.scrollWidth'), name).toBe(screens[screen]?.viewport?.width)
    expect.soft(await page.locator('body').innerText(), name).not.toMatch(/\b(modules|platform|common|errors)\.[a-z]+[.A-Z]?\w*/)
  }
}

test.each(Object.keys(screens))('%s: changes that were given up, and the question before they are forgotten, are accessible and fit', async (screen) => {
  const judge = await judgeOn(screen)
  await openModule(weather({ parkedChanges }))
  await page.getByText('Afficher les 4 dernières').click()
  await judge('parked')
  await page.getByRole('button', { name: 'Oublier' }).click()
  await page.getByRole('dialog').waitFor()
  await judge('parked-forget')
})

test.each(Object.keys(screens))('%s: the screens of safety are accessible and fit', async (screen) => {
  const judge = await judgeOn(screen)
  await openModule(weather())
  await page.getByRole('tab', { name: 'Autorisations' }).click()
  await judge('rights')
  await page.getByRole('button', { name: 'Modifier…' }).click()
  await page.getByRole('dialog').waitFor()
  await judge('grants')
  await page.keyboard.press('Escape')
  await page.locator('[data-secret="apiKey"]').getByRole('button').click()
  await judge('secret')
  await page.keyboard.press('Escape')
  await page.getByRole('tab', { name: 'Limites' }).click()
  await judge('limits')
  await page.getByRole('button', { name: 'Modifier…' }).click()
  await page.getByRole('dialog').waitFor()
  await judge('limits-dialog')
  await page.goto(`${host.url}/platform`)
  await page.getByText('Comment les modules sont contenus').waitFor()
  await judge('platform')
})
