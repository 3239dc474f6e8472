import { createHash } from 'node:crypto'
import { mkdir, open, readdir, readFile, rm, stat } from 'node:fs/promises'
import type { Readable } from 'node:stream'
import { moveInto, temporaryBeside } from '@opsflux/registry-client'
import { maxMetadataBytes, maxPackageBytes, uploadBytes, verifyBytes } from '@opsflux/registry-metadata'
import { OpsFluxError } from '@opsflux/sdk'
import type { FileStore } from './file-store.ts'
import type { Publisher } from './publishers.ts'

/** Uploads waiting to be published; each may weigh 20 MB. Publishers have room when strangers have filled theirs. */
const maxWaitingUploads = 50
const maxWaitingOfPublishers = 150
/** Uploads that are coming in, by folder: they count before their file is there. */
const incoming = new Map<string, number>()

/**
 * Takes the bytes of a package, to be published later. They are counted and digested while they come in; nothing is kept of
 * an upload that is too large, breaks off or has another digest.
 * @param declaredSize what the sender says, undefined when it does not
 * @param isPublishers whether a publisher has signed for it
 * @throws invalid-request, payload-too-large, package-refused, too-many-requests
 */
export async function receiveUpload(store: FileStore, digest: string, bytes: Readable, declaredSize: number | undefined, isPublishers: boolean): Promise<void> {
  if (!/^[0-9a-f]{64}$/.test(digest)) throw new OpsFluxError('invalid-request', 'An upload is named by the SHA-256 of its bytes: 64 hexadecimal digits in lower case.')
  if (declaredSize !== undefined && declaredSize > maxPackageBytes) throw tooLarge()
  await mkdir(store.uploadsFolder, { recursive: true })
  await store.removeLeftovers()
  const waiting = (await readdir(store.uploadsFolder)).filter((name) => !name.endsWith('.tmp')).length
  const here = incoming.get(store.uploadsFolder) ?? 0
  if (waiting + here >= (isPublishers ? maxWaitingOfPublishers : maxWaitingUploads)) throw new OpsFluxError('too-many-requests', 'Too many uploads wait to be published. Try again in an hour.')
  incoming.set(store.uploadsFolder, here + 1)
  const temporary = temporaryBeside(store.uploadPath(digest))
  try {
    await save(bytes, temporary, digest)
    await moveInto(temporary, store.uploadPath(digest))
  } catch (error) {
    await rm(temporary, { force: true })
    throw error
  } finally {
    incoming.set(store.uploadsFolder, (incoming.get(store.uploadsFolder) ?? 1) - 1)
  }
}

/** Whether one of the publisher's keys has signed the digest of an upload; both texts are the sender's. */
export function isSignedUpload(publisher: Publisher | undefined, digest: string, signature: string): boolean {
  return publisher?.keys.some((key) => verifyBytes(key.publicKey, uploadBytes(digest), signature)) ?? false
}

/** Reads an archive role that was uploaded like a package. @throws package-refused, payload-too-large */
export async function readUploadedRole(store: FileStore, digest: string): Promise<Buffer> {
  const path = store.uploadPath(digest)
  const found = await stat(path).catch(() => undefined)
  if (!found) throw new OpsFluxError('package-refused', 'An archive of the metadata was not uploaded. Upload it first.', { data: { reason: 'not-a-file' } })
  if (found.size > maxMetadataBytes.targets) throw new OpsFluxError('payload-too-large', `An archive may weigh ${maxMetadataBytes.targets} bytes at most.`)
  return readFile(path)
}

/** Removes what was published from the uploads that wait. */
export async function forgetUpload(store: FileStore, digest: string): Promise<void> {
  await rm(store.uploadPath(digest), { force: true })
}

async function save(bytes: Readable, path: string, digest: string): Promise<void> {
  const hash = createHash('sha256')
  let size = 0
  await using file = await open(path, 'wx')
  // The connection stays, so that the sender gets to read why it was refused.
  for await (const chunk of bytes.iterator({ destroyOnReturn: false })) {
    size += chunk.length
    if (size > maxPackageBytes) throw tooLarge()
    hash.update(chunk)
    await file.writeFile(chunk)
  }
  const found = hash.digest('hex')
  if (found !== digest) throw new OpsFluxError('package-refused', `The upload has the SHA-256 ${found}, not the one in its address. Send the file again.`)
  await file.sync()
}

function tooLarge(): OpsFluxError {
  return new OpsFluxError('payload-too-large', `A package may weigh ${maxPackageBytes} bytes at most. Leave out what the module does not need.`)
}
