import { hashPassword } from '../../core/services/src/identity/passwords.ts'
import type { Browser, Page } from 'playwright-core'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { ApiClient } from '../setup/api-client.ts'
import { launchBrowser } from '../setup/browser.ts'
import { password, TestPlatform } from '../setup/platform.ts'
import { judge, looks } from './screen-judge.ts'

let platform: TestPlatform
let browser: Browser
let admin: ApiClient
let page: Page

beforeAll(async () => {
  [platform, browser] = await Promise.all([TestPlatform.start(), launchBrowser()])
  admin = await platform.signIn()
  page = await (await browser.newContext({ locale: 'en-GB', reducedMotion: 'reduce', viewport: { width: 1366, height: 820 } })).newPage()
  page.setDefaultTimeout(15_000)
}, 120_000)
afterAll(async () => {
  await browser?.close()
  await platform?.stop()
})

async function signIn(email: string): Promise<void> {
  await page.getByLabel('E-mail').fill(email)
  await page.getByRole('textbox', { name: 'Password' }).fill(password)
  await page.keyboard.press('Enter')
}

const focused = () => page.evaluate<string>("document.activeElement.getAttribute('aria-label') ?? document.activeElement.textContent.trim()")

/** Presses Tab until the control of that name has the focus. */
async function tabTo(name: string | RegExp): Promise<void> {
  for (let presses = 0; presses < 40; presses++) {
    const now = await focused()
    if (typeof name === 'string' ? now === name : name.test(now)) return
    await page.keyboard.press('Tab')
  }
  throw new Error(`Tab does not reach ${name}: the focus is at "${await focused()}".`)
}

test('a module is installed with the keyboard alone; the focus comes back where it was (UX §2)', async () => {
  await page.goto(`${platform.host.url}/modules`)
  await signIn('admin@opsflux.local')
  await page.getByRole('article', { name: 'HSE reports' }).waitFor()
  await page.locator('#main').focus()
  await tabTo('Install')
  await page.keyboard.press('Enter')
  await page.getByTestId('plan').waitFor()
  expect(await focused(), 'the safe button').toBe('Cancel')
  await page.keyboard.press('Escape')
  await page.getByRole('dialog').waitFor({ state: 'detached' })
  await expect.poll(focused).toBe('Install')

  await page.keyboard.press('Enter')
  await page.getByTestId('plan').waitFor()
  await page.keyboard.press('Tab')
  expect(await focused()).toBe('Install')
  await page.keyboard.press('Enter')
  await page.locator('[data-testid=operation][data-state=succeeded]').waitFor()
  await expect.poll(focused).toBe('Close')
  await page.keyboard.press('Enter')
  await page.getByRole('dialog').waitFor({ state: 'detached' })
  // Its button is gone: the page has the focus.
  await expect.poll(() => page.evaluate('document.activeElement.id || document.activeElement.tagName')).toBe('main')
  await tabTo('Actions on HSE reports')
  await page.keyboard.press('Enter')
  await page.getByRole('menu').waitFor()
  await page.keyboard.press('Escape')
  await expect.poll(focused).toBe('Actions on HSE reports')
})

test('somebody who may not manage modules sees the module, but neither Administration nor its pages (CORE-02)', async () => {
  const { admin: pool } = platform.parts.database.database
  await pool.query(
    "insert into opsflux.user_account (tenant_id, email, name, role, password_hash) select id, 'field@opsflux.local', 'Field Worker', 'user', $1 from opsflux.tenant", [await hashPassword(password)])
  await page.context().clearCookies()
  await page.goto(`${platform.host.url}/modules`)
  await signIn('field@opsflux.local')
  await page.getByText('You may not open this page').waitFor()
  const navigation = page.getByRole('navigation', { name: 'Main navigation' })
  await navigation.getByRole('link', { name: 'Incidents' }).waitFor()
  expect(await navigation.getByText('Administration').count()).toBe(0)
  expect(await navigation.getByRole('link', { name: 'Modules' }).count()).toBe(0)
  await judge(page, 'forbidden', Object.values(looks).flat())
  await page.goto(`${platform.host.url}/modules/hse-reports`)
  await page.getByText('You may not open this page').waitFor()
  expect(await page.evaluate("fetch('/api/modules').then((response) => response.status)")).toBe(403)
  await navigation.getByRole('link', { name: 'Incidents' }).click()
  await page.getByText('No incidents yet').waitFor()
})

test('their open page follows what an administrator does: a module switched off leaves menu and page by itself', async () => {
  await admin.change({ action: 'disable', id: 'hse-reports' })
  await page.getByText('This module is not loaded').waitFor()
  expect(await page.getByRole('link', { name: 'Incidents' }).count()).toBe(0)
  await admin.change({ action: 'enable', id: 'hse-reports' })
  await page.getByText('No incidents yet').waitFor()
})
