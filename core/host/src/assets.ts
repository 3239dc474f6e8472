import { extname } from 'node:path'
import send from 'koa-send'
import type { Context, Middleware } from 'koa'
import type { ModuleManager, PluginRelease } from '@opsflux/services'
import type { PluginHost } from '@opsflux/kernel'
import { assetBase, integrityOf } from './shell-session.ts'
import { renderIndex, type ShellManifest } from './index-html.ts'
import { MemoryCache } from './memory-cache.ts'
import type { Stylesheets } from './stylesheet.ts'

// A year, the most that RFC 9111 caches take seriously; every address changes with its content.
const forever = 'public, max-age=31536000, immutable'
/** Client files kept in memory, all modules together; a larger one than a quarter of it is read each time. */
const cacheBytes = 16 * 1024 * 1024

/** Serves the shell, the compiled stylesheet and the client files of the releases that are serving: nothing else of a package. */
export function assets(shellDist: string, shell: { manifest: ShellManifest; html: string }, modules: ModuleManager, stylesheets: Stylesheets): Middleware {
  const index = indexPage(shell, modules.host, stylesheets)
  const cache = new MemoryCache(cacheBytes)
  return async (context, next) => {
    if ((context.method !== 'GET' && context.method !== 'HEAD') || /^\/(api|health|socket\.io)(\/|$)/.test(context.path)) return next()
    if (context.path.startsWith('/assets/modules/')) {
      const file = moduleFile(modules.host.all(), context.path)
      if (!file) return next()
      await sendModuleFile(context, modules, file, cache)
    } else if (context.path.startsWith('/assets/styles/')) {
      const css = stylesheets.get(context.path)
      if (css === undefined) return next()
      context.set('cache-control', forever)
      context.type = 'text/css'
      context.body = css
    } else if (context.path.startsWith('/assets/')) {
      await sendFile(context, context.path, shellDist)
    } else {
      const { html, csp } = await index()
      context.set('content-security-policy', csp)
      context.set('cache-control', 'no-cache')
      context.type = 'html'
      context.body = html
    }
  }
}

/** Leaves the answer empty, which is a 404, also for a path that climbs or cannot be read: what is not served is not there. */
async function sendFile(context: Context, path: string, root: string): Promise<void> {
  try {
    await send(context, path, { root })
  } catch (error) {
    const status = error instanceof Error && 'status' in error ? Number(error.status) : 500
    if (status >= 500) throw error
  }
  // Only of what is there: an error must not be remembered for a year.
  if (context.body) context.set('cache-control', forever)
}

interface ModuleFile { release: PluginRelease; path: string }

/** What is sent is what its publisher signed, read and checked; a file changed on disk is not there. */
async function sendModuleFile(context: Context, modules: ModuleManager, { release, path }: ModuleFile, cache: MemoryCache): Promise<void> {
  try {
    const bytes = await cache.get(context.path, () => release.files.read(path))
    context.set('cache-control', forever)
    context.type = extname(path)
    context.body = bytes
  } catch (error) {
    modules.noteAltered(release, error)
  }
}

function moduleFile(releases: readonly PluginRelease[], path: string): ModuleFile | undefined {
  const release = releases.find((candidate) => path.startsWith(assetBase(candidate)))
  if (!release) return undefined
  const file = path.slice(assetBase(release).length)
  // Only what the signed manifest lists as client file; the old release stays on disk for pages still open on it.
  return release.manifest.client && Object.hasOwn(release.manifest.client.integrity, file) ? { release, path: file } : undefined
}

/** index.html for the plugins now serving, made again when they change. */
function indexPage(shell: { manifest: ShellManifest; html: string }, host: PluginHost<PluginRelease>, stylesheets: Stylesheets): () => Promise<{ html: string; csp: string }> {
  let made: { key: string; page: { html: string; csp: string } } | undefined
  return async () => {
    const releases = host.all()
    const key = releases.map((release) => release.digest).toSorted().join()
    if (made?.key !== key) {
      const { url } = await stylesheets.for(releases.flatMap((release) => release.manifest.client?.classes ?? []))
      const integrity = Object.assign({}, ...releases.map(integrityOf)) as Record<string, string>
      made = { key, page: renderIndex(shell.manifest, shell.html, { integrity, stylesheet: url }) }
    }
    return made.page
  }
}
