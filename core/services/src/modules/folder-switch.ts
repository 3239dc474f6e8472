import { lstat, rename, rm } from 'node:fs/promises'
import { dirname } from 'node:path'
import type { OpenedPackage } from '@opsflux/registry-client'

const freshOf = (folder: string): string => `${folder}.new`
const formerOf = (folder: string): string => `${folder}.old`

/** Unpacks a package beside the folder it is to replace; `.new` is there whole or not at all. Answers where. */
export async function unpackBeside(folder: string, opened: Pick<OpenedPackage, 'unpackTo'>): Promise<string> {
  await clearWay(folder)
  await rm(freshOf(folder), { recursive: true, force: true })
  await opened.unpackTo(freshOf(folder))
  return freshOf(folder)
}

/** Puts what was unpacked beside in its place. Killed in the middle, {@link settleFolder} ends it. */
export async function switchFolder(folder: string): Promise<void> {
  await rm(formerOf(folder), { recursive: true, force: true })
  // Whatever stands there, a link too, is moved and not followed.
  if (await isThere(folder)) await rename(folder, formerOf(folder))
  await rename(freshOf(folder), folder)
}

/** Removes what a switch has left beside the folder. */
export async function clearBeside(folder: string): Promise<void> {
  await rm(freshOf(folder), { recursive: true, force: true })
  await rm(formerOf(folder), { recursive: true, force: true })
}

/** Ends a switch that was killed: between its two renames only the whole new folder is there, so that is the one that counts. */
export async function settleFolder(folder: string): Promise<void> {
  await clearWay(folder)
  if (!(await isThere(folder)) && (await isThere(freshOf(folder)))) await rename(freshOf(folder), folder)
  await clearBeside(folder)
}

/** Takes away what stands where the folder of the module's releases belongs, and is none: nothing could be put there, nor removed. */
async function clearWay(folder: string): Promise<void> {
  const parent = dirname(folder)
  const found = await lstat(parent).catch(() => undefined)
  if (found && !found.isDirectory()) await rm(parent, { force: true })
}

async function isThere(path: string): Promise<boolean> {
  return lstat(path).then(() => true, () => false)
}
