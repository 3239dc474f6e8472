import { randomUUID } from 'node:crypto'
import { mkdir, open, readFile, rename, rm } from 'node:fs/promises'
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

export function isFileError(error: unknown, code: string): boolean {
  return error instanceof Error && 'code' in error && error.code === code
}
