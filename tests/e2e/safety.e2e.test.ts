import { appendFile, readdir } from 'node:fs/promises'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import type { Browser, Page } from 'playwright-core'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { codeOf, type ApiClient } from '../setup/api-client.ts'
import { launchBrowser } from '../setup/browser.ts'
import { TestPlatform } from '../setup/platform.ts'
import { judge, looks, textsOf } from './screen-judge.ts'

const id = 'hse-outbound'
const t = textsOf('en')
let service: Server
let host: string
let platform: TestPlatform
let browser: Browser
let admin: ApiClient
let page: Page
let isBroken = false

beforeAll(async () => {
  service = createServer((request, response) => response.end(`You sent ${request.headers.authorization ?? 'nothing'}`))
  await new Promise<void>((resolve) => { service.listen(0, '127.0.0.1', resolve) })
  host = `127.0.0.1:${(service.address() as AddressInfo).port}`;
  [platform, browser] = await Promise.all([TestPlatform.start({ config: { privateHosts: host } }), launchBrowser()])
  await platform.parts.registry.publish({ folder: 'tests/fixtures/hse-outbound' })
  admin = await platform.signIn()
  await admin.send('PATCH', '/api/me', { locale: 'en' })
  await open()
}, 120_000)
afterAll(async () => {
  await browser?.close()
  await platform?.stop()
  service?.close()
})

/** The host may have another address since. */
async function open(): Promise<void> {
  await page?.context().close()
  const context = await browser.newContext({ locale: 'en-GB', reducedMotion: 'reduce', viewport: looks['en']?.[0] ?? null })
  const [name = '', value = ''] = admin.cookie.split('=')
  await context.addCookies([{ name, value, url: platform.host.url }])
  page = await context.newPage()
  page.setDefaultTimeout(15_000)
}

const show = (name: string): Promise<void> => judge(page, `safety-${name}`, looks['en'] ?? [])
const button = (name: string) => page.getByRole('button', { name, exact: true })
const send = (header?: string) => admin.post<{ body: string }>(`/api/${id}/fetch`, { url: `http://${host}/`, ...(header ? { header } : {}) })
const done = async (): Promise<void> => {
  await page.locator('[data-testid=operation][data-state=succeeded]').waitFor()
  await page.getByRole('dialog').getByRole('button', { name: t('modules.operation.close') }).last().click()
}

// One story: each part goes on from the one before.
describe('an administrator and a module that wants more than its own data (CORE-16.6)', () => {
  beforeEach(({ skip }) => skip(isBroken, 'an earlier step failed'))
  afterEach(({ task }) => { isBroken ||= task.result?.state === 'fail' })

  test('reads what it asks for before it is there, and installs it without', async () => {
    // The marketplace reads the registry every ten seconds.
    await expect.poll(() => codeOf(admin.get(`/api/modules/${id}`)), { timeout: 30_000, interval: 200 }).toBeUndefined()
    await page.goto(`${platform.host.url}/modules/${id}`)
    await button(t('modules.install')).click()
    const plan = page.getByTestId('plan')
    await plan.getByText(t('modules.capability.http_fetch')).waitFor()
    await plan.getByText('apiKey').waitFor()
    await show('plan')
    await page.getByTestId('apply').click()
    await done()
    expect(await codeOf(send())).toBe('capability-denied')
  })

  test('is told of the key it needs, and names the servers it may reach', async () => {
    await button(t('modules.secrets.enter')).click()
    await page.locator('[data-secret="apiKey"]').getByRole('button', { name: t('modules.secrets.enter') }).click()
    await page.getByRole('textbox', { name: t('modules.secrets.value') }).fill('key-of-the-office')
    await button(t('common.save')).click()
    await page.locator('[data-secret="apiKey"]').getByText(t('modules.secrets.isSet'), { exact: true }).waitFor()
    await button(t('modules.grants.change')).click()
    await page.getByRole('dialog').getByLabel(t('modules.capability.http_fetch')).click()
    await page.getByRole('textbox', { name: t('modules.grants.moreHosts') }).fill(host)
    await show('grants')
    await button(t('common.save')).click()
    await page.locator('[data-capability="http.fetch"]').getByText(host).waitFor()
    expect((await send('Bearer {{secret.apiKey}}')).body).toBe('You sent Bearer [secret]')
    await show('rights')
  })

  test('takes it back while the module runs, and sees what it tried since', async () => {
    await button(t('modules.grants.change')).click()
    await page.getByRole('dialog').getByLabel(t('modules.capability.http_fetch')).click()
    await button(t('common.save')).click()
    await page.locator('[data-capability="http.fetch"]').getByText(t('modules.rights.notGranted')).waitFor()
    expect(await codeOf(send())).toBe('capability-denied')
    await expect.poll(async () => {
      await page.reload()
      await page.getByRole('tab', { name: t('modules.tabs.rights') }).click()
      return page.getByText(t('modules.refusals.title')).count()
    }).toBe(1)
    await show('refusals')
  })

  test('holds it to less memory', async () => {
    await page.getByRole('tab', { name: t('modules.tabs.limits') }).click()
    await button(t('modules.limits.change')).click()
    await page.getByLabel(t('modules.limits.name.memoryMb')).fill('128')
    await button(t('common.save')).click()
    await page.locator('[data-limit=memoryMb]').getByText('128 MB', { exact: true }).waitFor()
    await show('limits')
  })

  test('finds one of its files changed on disk, and repairs it', async () => {
    const folder = join(platform.parts.home, 'host/modules', id)
    await platform.restart(async () => {
      const [release = ''] = await readdir(folder)
      await appendFile(join(folder, release, 'server/index.js'), '\n')
    })
    admin = await platform.signIn()
    await open()
    await page.goto(`${platform.host.url}/modules`)
    await page.getByTestId('trouble').getByText('server/index.js').first().waitFor()
    await show('altered')
    expect(await codeOf(admin.get(`/api/${id}/ok`))).toBe('plugin-stopped')
    await page.getByTestId('trouble').getByRole('button', { name: t('modules.repair') }).click()
    await page.getByTestId('plan').waitFor()
    await show('repair-plan')
    await page.getByTestId('apply').click()
    await done()
    expect(await admin.get(`/api/${id}/ok`)).toBe('fine')
  })

  test('sees its release revoked, with the reason and its data kept', async () => {
    await platform.parts.registry.revoke('registry', { id, version: '1.0.0', reason: 'It sends keys to a third party.' })
    await platform.host.modules.refreshRegistry()
    await page.getByTestId('trouble').getByText('It sends keys to a third party.').waitFor()
    await show('revoked')
    expect(await codeOf(admin.get(`/api/${id}/ok`))).toBe('plugin-stopped')
  })

  test('looks at how safe the platform stands', async () => {
    await page.getByRole('link', { name: t('platform.title') }).click()
    await page.getByText(t('platform.sandbox.title')).waitFor()
    await page.locator('[data-measure=applied]').first().waitFor()
    await show('platform')
    await button(t('modules.limits.change')).click()
    await page.getByLabel(t('modules.limits.name.memoryMb')).fill('300')
    await button(t('common.save')).click()
    await page.locator('[data-limit=memoryMb]').getByText('300 MB', { exact: true }).waitFor()
  })
})
