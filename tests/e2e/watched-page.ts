import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import type { BrowserContext, Page } from 'playwright-core'
import { artefacts } from '../shell/browser-test.ts'

/** A page that keeps pictures and everything a user should never meet. */
export class WatchedPage {
  readonly page: Page
  /** What the console, the content security policy and the network complained of. */
  readonly complaints: string[] = []
  /** `<status> <method> <path>` of the answers that were errors. */
  readonly refusals: string[] = []
  documents = 0

  private constructor(page: Page, origin: string) {
    this.page = page
    page.setDefaultTimeout(15_000)
    page.on('pageerror', (error) => this.complaints.push(error.message))
    page.on('console', (message) => {
      // What the browser says about a refused request is counted in `refusals`.
      if (['error', 'warning'].includes(message.type()) && !message.text().startsWith('Failed to load resource')) this.complaints.push(message.text())
    })
    page.on('request', (request) => { if (!/^(data|blob):/.test(request.url()) && new URL(request.url()).origin !== origin) this.complaints.push(`request to ${request.url()}`) })
    page.on('response', (response) => { if (response.status() >= 400) this.refusals.push(`${response.status()} ${response.request().method()} ${new URL(response.url()).pathname}`) })
    page.on('domcontentloaded', () => { this.documents += 1 })
  }

  static async open(context: BrowserContext, url: string): Promise<WatchedPage> {
    const watched = new WatchedPage(await context.newPage(), new URL(url).origin)
    await watched.page.goto(url)
    return watched
  }
}

let taken = 0

/** Keeps a picture as `tests/artefacts/story/NN-name.png`. */
export async function keepPicture(page: Page, name: string): Promise<void> {
  const folder = join(artefacts, 'story')
  mkdirSync(folder, { recursive: true })
  await page.evaluate('document.fonts.ready')
  await page.screenshot({ path: join(folder, `${String(++taken).padStart(2, '0')}-${name}.png`), animations: 'disabled' })
}
