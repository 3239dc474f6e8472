import { mkdir, rm } from 'node:fs/promises'
import type { Session } from '@opsflux/sdk'
import type { Browser } from 'playwright-core'
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
})
afterAll(async () => {
  await browser.close()
  await host.close()
  await rm(dist, { recursive: true })
})

const french = (changes: Partial<Session> = {}): Session => ({ ...session(), ...changes, user: { ...session().user, locale: 'fr' } })
const menus = ['Incidents', 'Indicateurs', 'Actions correctives à suivre par les responsables de site'].map((label, index) => (
  { id: `m${index}`, pluginId: 'hse-reports', label, icon: ['shield-alert', 'chart-column', 'list-checks'][index] ?? '', to: `/x/hse-reports/m${index}` }))
const newcomer = (): Session => ({ ...french(), user: { ...french().user, mustChangePassword: true } })
const member = (): Session => french({ permissions: ['hse-reports.view.all'] })

const cases: [name: string, path: string, state: Session | undefined, text: RegExp][] = [
  ['sign-in', '/sign-in', undefined, /Sign in|Connexion/],
  ['password', '/password', newcomer(), /Choisissez un nouveau mot de passe/],
  ['home-empty', '/', french(), /Installez votre premier module/],
  ['home', '/', french({ menus }), /Bienvenue, Ada/],
  ['not-found', '/nowhere', french({ menus }), /Cette page n’existe pas/],
  ['module-missing', '/x/permits/list', french({ menus }), /Ce module n’est pas chargé/],
  ['forbidden', '/modules', member(), /Vous ne pouvez pas ouvrir cette page/],
]

test.each(Object.keys(screens).flatMap((screen) => cases.map((entry) => [screen, ...entry] as const)))('%s: the screen %s is accessible and fits', async (screen, name, path, state, text) => {
  host.state.session = state
  const context = await browser.newContext({ ...screens[screen], reducedMotion: 'reduce', locale: 'fr-FR' })
  const page = await context.newPage()
  await page.goto(host.url + path)
  await page.getByText(text).first().waitFor()
  await page.evaluate('document.fonts.ready')
  await page.screenshot({ path: `${artefacts}shell-${name}-${screen}.png` })
  expect(await violations(page)).toEqual([])
  expect(await page.evaluate('document.documentElement.scrollWidth')).toBe(screens[screen]?.viewport?.width)
  await context.close()
})

test.each(Object.keys(screens))('%s: menus of the frame are accessible when open', async (screen) => {
  host.state.session = french({ menus })
  const context = await browser.newContext({ ...screens[screen], reducedMotion: 'reduce' })
  const page = await context.newPage()
  await page.goto(host.url)
  await page.getByRole('button', { name: /Votre compte/ }).click()
  await page.getByRole('menu').waitFor()
  await page.screenshot({ path: `${artefacts}shell-user-menu-${screen}.png` })
  expect(await violations(page)).toEqual([])
  await page.keyboard.press('Escape')
  await page.getByRole('button', { name: screen === 'phone' ? 'Ouvrir le menu' : 'Réduire la barre latérale' }).click()
  await page.getByRole('button', { name: screen === 'phone' ? /Rechercher/ : 'Déplier la barre latérale' }).first().waitFor()
  await page.screenshot({ path: `${artefacts}shell-sidebar-${screen}.png` })
  expect(await violations(page)).toEqual([])
  await context.close()
})
