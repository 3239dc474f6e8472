import { randomBytes } from 'node:crypto'
import { constants } from 'node:fs'
import { lstat, mkdir, open, readdir, rename, rm } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import type { PublicKey } from '@opsflux/registry-metadata'
import { packageLimits } from './limits.ts'
import { contentOf, type PackageContent } from './package-content.ts'
import { refusal } from './refusal.ts'
import { checkSignature } from './signature.ts'

const filesAtOnce = 16

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
 * Reads an unpacked release and checks it: every file as `manifest.json` lists it, no other file, no link.
 * With `publicKeys` also that `manifest.sig` is by one of them. What it answers is what was checked, whatever
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
  for (const own of ['manifest.json', 'manifest.sig']) {
    const [here, there] = [files.get(own), unpacked.get(own)]
    if (here === there || (here && there?.equals(here))) continue
    throw refusal('unpacked-differs', 'Another release is unpacked in this place already.', own)
  }
}

async function readFolder(folder: string): Promise<Map<string, Buffer>> {
  const root = await lstat(folder).catch((cause: unknown) => {
    throw refusal('file-missing', 'The release is not unpacked here.', undefined, cause)
  })
  if (!root.isDirectory()) throw refusal('link-on-disk', 'The place of the release is not a folder.')
  const paths: string[] = []
  await collect(folder, '', paths)
  const files = new Map<string, Buffer>()
  await inParallel(paths, async (path) => files.set(path, await readPlainFile(join(folder, path), path)))
  return files
}

async function collect(root: string, folder: string, paths: string[]): Promise<void> {
  const names = await readdir(join(root, folder), { withFileTypes: true })
  if (names.length === 0) throw refusal('empty-folder', `No file is in the folder "${folder}".`, folder)
  for (const name of names) {
    const path = folder === '' ? name.name : `${folder}/${name.name}`
    if (name.isDirectory()) await collect(root, path, paths)
    else if (name.isFile()) paths.push(path)
    else throw refusal('link-on-disk', `The entry "${path}" is neither a file nor a folder.`, path)
    if (paths.length > packageLimits.entries) throw refusal('too-many-entries', `The folder has more than ${packageLimits.entries} files.`)
  }
}

async function readPlainFile(path: string, entry: string): Promise<Buffer> {
  // A link put there between listing and reading is not followed.
  await using file = await open(path, constants.O_RDONLY | (constants.O_NOFOLLOW ?? 0)).catch((cause: unknown) => {
    throw refusal('link-on-disk', `The entry "${entry}" cannot be read as a plain file.`, entry, cause)
  })
  const { size } = await file.stat()
  if (size > packageLimits.unpackedBytes) throw refusal('file-altered', `The file "${entry}" is not the one listed in manifest.json.`, entry)
  return file.readFile()
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
