import { randomUUID } from 'node:crypto'
import { constants } from 'node:fs'
import { mkdir, open, readdir, readFile, rename, rm, stat } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'

/**
 * Replaces a file whole: written beside it, flushed, then renamed. After a crash the old or the new
 * content is there, never a part.
 */
export async function writeFileAtomic(path: string, bytes: Uint8Array | string, mode = 0o644): Promise<void> {
  await mkdir(dirname(path), { recursive: true })
  const temporary = temporaryBeside(path)
  try {
    await using file = await open(temporary, 'wx', mode)
    await file.writeFile(bytes)
    await file.sync()
  } catch (error) {
    await rm(temporary, { force: true })
    throw error
  }
  await moveInto(temporary, path)
}

/** Renames a flushed file into place and flushes the folder's entry. */
export async function moveInto(from: string, to: string): Promise<void> {
  await mkdir(dirname(to), { recursive: true })
  await rename(from, to)
  // Windows cannot open a folder; there the rename itself is durable enough.
  if (process.platform === 'win32') return
  await using folder = await open(dirname(to), 'r')
  await folder.sync()
}

/** The name of a file that is not whole yet; what a crash leaves of it is removed by `removeLeftovers` of the repository. */
export function temporaryBeside(path: string): string {
  return join(dirname(path), `.${basename(path)}.${randomUUID()}.tmp`)
}

/** Undefined when there is no such file. */
export async function readIfPresent(path: string): Promise<Buffer | undefined> {
  try {
    return await readFile(path)
  } catch (error) {
    if (isFileError(error, 'ENOENT')) return undefined
    throw error
  }
}

/** Undefined for anything but a plain file of at most `maxBytes` that can be read. */
export async function readSmallFile(path: string, maxBytes: number): Promise<Buffer | undefined> {
  try {
    // Not to wait for the other end of what turns out to be a pipe.
    await using file = await open(path, constants.O_RDONLY | constants.O_NONBLOCK)
    const found = await file.stat()
    return found.isFile() && found.size <= maxBytes ? await file.readFile() : undefined
  } catch {
    return undefined
  }
}

const leftoverAgeMs = 3_600_000

/** Removes those files of a folder that nobody has touched for an hour: what a crash left, or what is not needed any more. */
export async function removeOldFiles(folder: string, isLeftover: (name: string) => boolean = () => true): Promise<void> {
  for (const name of (await readdir(folder).catch(() => [])).filter(isLeftover)) {
    const path = join(folder, name)
    const found = await stat(path).catch(() => undefined)
    if (found?.isFile() && Date.now() - found.mtimeMs > leftoverAgeMs) await rm(path, { force: true }).catch(() => {})
  }
}

export function isFileError(error: unknown, code: string): boolean {
  return error instanceof Error && 'code' in error && error.code === code
}
