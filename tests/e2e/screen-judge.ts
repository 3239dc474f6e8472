import { mkdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Page } from 'playwright-core'
import { expect } from 'vitest'
import { artefacts, violations } from '../shell/browser-test.ts'

type Messages = { [key: string]: string | Messages }
type Texts = (key: string, values?: Record<string, string>) => string

const shell = join(import.meta.dirname, '../../core/shell/src')
const read = (path: string): Messages => JSON.parse(readFileSync(join(shell, path), 'utf8')) as Messages

/** The shell's own texts in a language, so that a test speaks the language of its user. */
export function textsOf(locale: string): Texts {
  const messages: Messages = { ...read(`locales/${locale}.json`), modules: read(`modules/locales/${locale}.json`) }
  return (key, values = {}) => {
    const found = key.split('.').reduce<Messages | string | undefined>((at, part) => (typeof at === 'object' ? at[part] : undefined), messages)
    if (typeof found !== 'string') throw new Error(`There is no text "${key}".`)
    return found.replace(/\{(\w+)\}/g, (_, name: string) => values[name] ?? '')
  }
}

export interface Look { name: string; width: number; height: number; colorScheme: 'light' | 'dark' }

export const looks: Record<string, readonly Look[]> = {
  en: [{ name: 'light', width: 1366, height: 820, colorScheme: 'light' }, { name: 'dark', width: 1366, height: 820, colorScheme: 'dark' }],
  fr: [{ name: 'phone', width: 390, height: 844, colorScheme: 'light' }],
}

/** Judges the screen as it is now in every look: accessible, no wider than the screen, no text missing; keeps a picture of each. */
export async function judge(page: Page, name: string, inLooks: readonly Look[]): Promise<void> {
  const folder = join(artefacts, 'modules')
  mkdirSync(folder, { recursive: true })
  for (const look of inLooks) {
    await page.setViewportSize(look)
    await page.emulateMedia({ colorScheme: look.colorScheme })
    await page.locator(look.colorScheme === 'dark' ? 'html.dark' : 'html:not(.dark)').waitFor()
    await page.evaluate('document.fonts.ready')
    await page.screenshot({ path: join(folder, `${name}-${look.name}.png`), animations: 'disabled' })
    expect.soft(await violations(page), `${name}, ${look.name}`).toEqual([])
    expect.soft(await page.evaluate('document.documentElement.scrollWidth'), `${name}, ${look.name}: no sideways scrolling`).toBe(look.width)
    expect.soft(await page.locator('body').innerText(), `${name}: no text is missing`).not.toMatch(/\b(modules|common|errors|frame|forbidden|module)\.[a-z]+[.A-Z]?\w*/)
  }
  const [first] = inLooks
  if (first) {
    await page.setViewportSize(first)
    await page.emulateMedia({ colorScheme: first.colorScheme })
  }
}
