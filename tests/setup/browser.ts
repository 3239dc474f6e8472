import chromium from '@sparticuz/chromium'
import { chromium as driver, type Browser } from 'playwright-core'

const quiet = ['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking', '--disable-component-update', '--disable-sync']

/** A headless Chromium: `CHROMIUM_PATH`, else the one that came with the packages. Close it after use. */
export async function launchBrowser(): Promise<Browser> {
  const executablePath = process.env.CHROMIUM_PATH ?? await chromium.executablePath()
  return driver.launch({ executablePath, headless: true, args: quiet })
}
