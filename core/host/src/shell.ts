import { readFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { OpsFluxError } from '@opsflux/sdk'
import type { ShellManifest } from './index-html.ts'
import { Stylesheets } from './stylesheet.ts'

export interface Shell {
  dist: string
  html: string
  manifest: ShellManifest
  stylesheets: Stylesheets
}

/** The built shell this host serves. @throws not-ready when it was not built */
export async function loadShell(dist = join(dirname(fileURLToPath(import.meta.resolve('@opsflux/shell/package.json'))), 'dist')): Promise<Shell> {
  try {
    const html = await readFile(join(dist, 'index.html'), 'utf8')
    const manifest = JSON.parse(await readFile(join(dist, 'shell-manifest.json'), 'utf8')) as ShellManifest
    return { dist, html, manifest, stylesheets: new Stylesheets(dist) }
  } catch (cause) {
    throw new OpsFluxError('not-ready', 'The web application is not built. Run "npm start", which builds it.', { cause })
  }
}
