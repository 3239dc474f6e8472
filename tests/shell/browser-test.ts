import { fileURLToPath } from 'node:url'
import { AxeBuilder } from '@axe-core/playwright'
import type { BrowserContextOptions, Page } from 'playwright-core'

/** Where screenshots are kept for people to look at. */
export const artefacts = fileURLToPath(new URL('../artefacts/', import.meta.url))

/** The screens every page is judged on. */
export const screens: Record<string, BrowserContextOptions> = {
  light: { colorScheme: 'light', viewport: { width: 1366, height: 820 } },
  dark: { colorScheme: 'dark', viewport: { width: 1366, height: 820 } },
  phone: { colorScheme: 'light', viewport: { width: 390, height: 844 }, isMobile: true, hasTouch: true },
}

/** What WCAG 2.1 A and AA refuse on the page as it is now, or on a part of it. */
export async function violations(page: Page, part = 'html'): Promise<string[]> {
  const { violations: found } = await new AxeBuilder({ page }).include(part).withTags(['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa']).analyze()
  return found.flatMap((rule) => rule.nodes.map((node) => `${rule.id}: ${node.html.slice(0, 160)}`))
}
