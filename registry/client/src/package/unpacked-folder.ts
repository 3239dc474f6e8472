import { randomBytes } from 'node:crypto'
import { closeSync, constants, fstatSync, openSync, readFileSync, type Stats } from 'node:fs'
import { lstat, mkdir, open, readdir, rename, rm } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { setImmediate as nextTurn } from 'node:timers/promises'
import type { PublicKey } from '@opsflux/registry-metadata'
import { packageLimits } from './limits.ts'
import { contentOf, type PackageContent } from './package-content.ts'
import { refusal } from './refusal.ts'
import { checkSignature } from './signature.ts'

const filesAtOnce = 16
const ownFiles: readonly string[] = ['manifest.json', 'manifest.sig']
/** Longest time that reading and checking keeps everything else in the process waiting. */
const sliceMs = 10

/** Writes the files beside `folder`, makes them durable, and renames them into place. */
export async function unpackFiles(folder: string, files: ReadonlyMap<string, Buffer>): Promise<void> {
  if (await exists(folder)) return compareWith(folder, files)
  const temporary = `${folder}.tmp-${randomBytes(6).toString('hex')}`
  try {
    await mkdir(dirname(folder), { recursive: true })
    await mkdir(temporary)
    const folders = foldersOf(files.keys())
    for (const name of folders) await mkdir(join(temporary, name))
    await inParallel([...files], ([path, bytes]) => writeDurably(join(temporary, path), bytes))
    for (const name of ['', ...folders]) await syncFolder(join(temporary, name))
    await rename(temporary, folder)
  } catch (error) {
    await rm(temporary, { recursive: true, force: true })
    // Another process may have put the same release there first.
    if (await exists(folder)) return compareWith(folder, files)
    throw error
  }
  await syncFolder(dirname(folder))
}

/**
 * Reads an unpacked release and checks it: every file as `manifest.json` lists it, no other file, no link,
 * no changed mode. With `publicKeys` also that `manifest.sig` is by one of them. What it answers is what was checked, whatever
 * happens to the folder afterwards. `plugin.json` was judged when the package was opened. @throws package-refused
 */
export async function openUnpacked(folder: string, options: { publicKeys?: readonly PublicKey[] } = {}): Promise<PackageContent> {
  const content = contentOf(await readFolder(folder))
  if (options.publicKeys) checkSignature(content, options.publicKeys)
  return content
}

/** Checks an unpacked release as {@link openUnpacked} does. @throws package-refused */
export async function verifyUnpacked(folder: string, options: { publicKeys?: readonly PublicKey[] } = {}): Promise<void> {
  await openUnpacked(folder, options)
}

async function compareWith(folder: string, files: ReadonlyMap<string, Buffer>): Promise<void> {
  const unpacked = await readFolder(folder)
  contentOf(unpacked)
  for (const own of ownFiles) {
    const [here, there] = [files.get(own), unpacked.get(own)]
    if (here === there || (here && there?.equals(here))) continue
    throw refusal('unpacked-differs', 'Another release is unpacked in this place already.', own)
  }
}

/** What is on disk, by path in the package. */
interface Found { files: string[]; folderModes: Map<string, number> }

async function readFolder(folder: string): Promise<Map<string, Buffer>> {
  const root = await lstat(folder).catch((cause: unknown) => {
    throw refusal('file-missing', 'The release is not unpacked here.', undefined, cause)
  })
  if (!root.isDirectory()) throw refusal('link-on-disk', 'The place of the release is not a folder.')
  const found: Found = { files: [], folderModes: new Map() }
  await collect(folder, '', found)
  const files = await readFiles(folder, found.files)
  assertOneMode(found.folderModes)
  return files
}

async function collect(root: string, folder: string, found: Found): Promise<void> {
  const names = await readdir(join(root, folder), { withFileTypes: true })
  if (names.length === 0 && folder === '') throw refusal('file-missing', 'The folder of the release is empty.')
  if (names.length === 0) throw refusal('empty-folder', `No file is in the folder "${folder}".`, folder)
  for (const name of names) {
    const path = folder === '' ? name.name : `${folder}/${name.name}`
    if (name.isDirectory()) {
      found.folderModes.set(path, modeOf(await lstat(join(root, path))))
      await collect(root, path, found)
    } else if (name.isFile()) found.files.push(path)
    else throw refusal('link-on-disk', `The entry "${path}" is neither a file nor a folder.`, path)
    if (found.files.length > packageLimits.entries) throw refusal('too-many-entries', `The folder has more than ${packageLimits.entries} files.`)
  }
}

// Reading 500 files one after the other takes a quarter of the time that Node's thread pool takes over them.
async function readFiles(folder: string, paths: readonly string[]): Promise<Map<string, Buffer>> {
  const files = new Map<string, Buffer>()
  const modes = new Map<string, number>()
  let total = 0
  let since = performance.now()
  for (const path of paths) {
    const { bytes, mode } = readPlainFile(join(folder, path), path, packageLimits.unpackedBytes - total)
    total += bytes.length
    files.set(path, bytes)
    modes.set(path, mode)
    if (performance.now() - since < sliceMs) continue
    await nextTurn()
    since = performance.now()
  }
  assertOneMode(modes)
  return files
}

/** @param maxBytes what may still be read of the release */
function readPlainFile(path: string, entry: string, maxBytes: number): { bytes: Buffer; mode: number } {
  const file = openPlain(path, entry)
  try {
    const stat = fstatSync(file)
    if (!stat.isFile()) throw refusal('link-on-disk', `The entry "${entry}" is neither a file nor a folder.`, entry)
    if (stat.size > Math.min(maxBytes, ownFiles.includes(entry) ? packageLimits.manifestBytes : maxBytes)) throw refusal('file-altered', `The file "${entry}" is not the one listed in manifest.json.`, entry)
    return { bytes: readFileSync(file), mode: modeOf(stat) }
  } finally {
    closeSync(file)
  }
}

function openPlain(path: string, entry: string): number {
  try {
    // A link put there between listing and reading is not followed, a pipe not waited for.
    return openSync(path, constants.O_RDONLY | (constants.O_NOFOLLOW ?? 0) | (constants.O_NONBLOCK ?? 0))
  } catch (cause) {
    throw refusal('link-on-disk', `The entry "${entry}" cannot be read as a plain file.`, entry, cause)
  }
}

const modeOf = ({ mode }: Pick<Stats, 'mode'>): number => mode & 0o7777

/**
 * A release is unpacked with one mode for its files and one for its folders; which ones the system decides (umask, file system,
 * a backup brought back). One that differs from most was changed since.
 */
function assertOneMode(modes: ReadonlyMap<string, number>): void {
  const counts = new Map<number, number>()
  for (const mode of modes.values()) counts.set(mode, (counts.get(mode) ?? 0) + 1)
  const [usual] = [...counts].toSorted(([, left], [, right]) => right - left)[0] ?? []
  for (const [path, mode] of modes) if (mode !== usual) throw refusal('mode-altered', `The permissions of "${path}" were changed on disk.`, path)
}

async function writeDurably(path: string, bytes: Buffer): Promise<void> {
  await using file = await open(path, 'wx', 0o644)
  await file.writeFile(bytes)
  await file.sync()
}

async function syncFolder(path: string): Promise<void> {
  // Windows cannot open folders; its file system journals their changes by itself.
  if (process.platform === 'win32') return
  await using folder = await open(path, 'r')
  await folder.sync()
}

/** Parents first. */
function foldersOf(paths: Iterable<string>): string[] {
  const folders = new Set<string>()
  for (const path of paths) for (let slash = path.indexOf('/'); slash > 0; slash = path.indexOf('/', slash + 1)) folders.add(path.slice(0, slash))
  return [...folders].toSorted()
}

async function inParallel<T>(items: readonly T[], work: (item: T) => Promise<unknown>): Promise<void> {
  const queue = items.values()
  await Promise.all(Array.from({ length: filesAtOnce }, async () => {
    for (const item of queue) await work(item)
  }))
}

async function exists(path: string): Promise<boolean> {
  return lstat(path).then(() => true, () => false)
}
