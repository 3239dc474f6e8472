import { cp, lstat, mkdir, mkdtemp, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises'
import { existsSync } from 'node:fs'
import { dirname, extname, join, relative, resolve, sep } from 'node:path'
import { fileURLToPath } from 'node:url'
import { OpsFluxError } from '@opsflux/sdk'

const leftOut = new Set(['node_modules', 'dist', 'releases', 'test', 'tests', 'overlay.json'])
const textFiles = new Set(['.ts', '.js', '.mjs', '.vue', '.css', '.json', '.sql', '.md', '.svg'])

/**
 * A copy of a plugin's sources with an overlay laid over it, in a place of its own from which `@opsflux/sdk` and `vue` are found.
 * Line ends become those of Unix, so that a checkout on Windows builds the same package.
 */
export async function stageSources(folder: string, overlay: string | undefined): Promise<AsyncDisposable & { root: string }> {
  const place = join(workspaceOf(resolve(folder)), '.cache', 'build')
  await mkdir(place, { recursive: true })
  await removeLeftovers(place)
  const root = await mkdtemp(join(place, 'stage-'))
  const remove = (): Promise<void> => rm(root, { recursive: true, force: true })
  try {
    await copySources(folder, root)
    if (overlay !== undefined) await layOver(overlay, root)
    await normaliseText(root)
    const modules = resolve(folder, 'node_modules')
    if (existsSync(modules)) await symlink(modules, join(root, 'node_modules'), 'junction')
  } catch (error) {
    await remove()
    throw error
  }
  return { root, [Symbol.asyncDispose]: remove }
}

/** Copies that a killed build left behind; a build takes minutes at most. */
async function removeLeftovers(place: string): Promise<void> {
  for (const name of await readdir(place)) {
    const { mtimeMs } = await lstat(join(place, name)).catch(() => ({ mtimeMs: Date.now() }))
    if (Date.now() - mtimeMs > 60 * 60 * 1000) await rm(join(place, name), { recursive: true, force: true })
  }
}

async function copySources(folder: string, root: string): Promise<void> {
  await cp(folder, root, {
    recursive: true, verbatimSymlinks: true,
    filter: async (source) => {
      const path = relative(folder, source)
      if (path === '') return true
      const first = path.split(sep)[0] ?? ''
      if (leftOut.has(first) || path.split(sep).some((name) => name.startsWith('.')) || path.endsWith('.tgz')) return false
      const entry = await lstat(source)
      if (!entry.isFile() && !entry.isDirectory()) throw new OpsFluxError('validation-failed', `"${path}" is neither a file nor a folder. Remove it from the plugin.`)
      return true
    },
  })
}

async function layOver(overlay: string, root: string): Promise<void> {
  await copySources(overlay, root)
  for (const path of await removals(join(overlay, 'overlay.json'))) {
    const target = resolve(root, path)
    if (!target.startsWith(root + sep) || !existsSync(target)) throw new OpsFluxError('validation-failed', `overlay.json removes "${path}", which the plugin does not have. Correct its "remove" list.`)
    await rm(target, { recursive: true })
  }
}

async function removals(path: string): Promise<string[]> {
  const source = await readFile(path, 'utf8').catch(() => '{"remove":[]}')
  const value: unknown = parseJson(source, 'overlay.json')
  if (typeof value === 'object' && value !== null && 'remove' in value && Array.isArray(value.remove) && value.remove.every((one) => typeof one === 'string')) return value.remove
  throw new OpsFluxError('validation-failed', 'overlay.json must be of the form {"remove": ["migrations/0002-x.up.sql"]}.')
}

/** @throws validation-failed naming the file */
export function parseJson(source: string, name: string): unknown {
  try {
    return JSON.parse(source)
  } catch (cause) {
    throw new OpsFluxError('validation-failed', `${name} is not JSON: ${cause instanceof Error ? cause.message : 'it cannot be read'}. Correct it and build again.`, { cause })
  }
}

async function normaliseText(root: string): Promise<void> {
  for (const entry of await readdir(root, { recursive: true, withFileTypes: true })) {
    if (!entry.isFile() || !textFiles.has(extname(entry.name))) continue
    const path = join(entry.parentPath, entry.name)
    const source = await readFile(path, 'utf8')
    if (source.includes('\r\n')) await writeFile(path, source.replaceAll('\r\n', '\n'))
  }
}

/** The nearest folder above the plugin that has the SDK installed, else the one this command is installed in. */
function workspaceOf(folder: string): string {
  for (const start of [folder, dirname(fileURLToPath(import.meta.url))]) {
    for (let at = start; at !== dirname(at); at = dirname(at)) if (existsSync(join(at, 'node_modules', '@opsflux', 'sdk'))) return at
  }
  throw new OpsFluxError('not-found', '@opsflux/sdk is not installed. Run `npm install` in the folder of the plugin.')
}
