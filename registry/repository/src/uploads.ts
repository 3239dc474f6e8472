import { createHash } from 'node:crypto'
import { mkdir, open, readdir, rm } from 'node:fs/promises'
import type { Readable } from 'node:stream'
import { moveInto, temporaryBeside } from '@opsflux/registry-client'
import { maxPackageBytes } from '@opsflux/registry-metadata'
import { OpsFluxError } from '@opsflux/sdk'
import type { FileStore } from './file-store.ts'

/** Uploads waiting to be published; each may weigh 20 MB. */
const maxWaitingUploads = 50

/**
 * Takes the bytes of a package, to be published later. They are counted and digested while they come in; nothing is kept of
 * an upload that is too large, breaks off or has another digest.
 * @param declaredSize what the sender says, undefined when it does not
 * @throws invalid-request, payload-too-large, package-refused, too-many-requests
 */
export async function receiveUpload(store: FileStore, digest: string, bytes: Readable, declaredSize: number | undefined): Promise<void> {
  if (!/^[0-9a-f]{64}$/.test(digest)) throw new OpsFluxError('invalid-request', 'An upload is named by the SHA-256 of its bytes: 64 hexadecimal digits in lower case.')
  if (declaredSize !== undefined && declaredSize > maxPackageBytes) throw tooLarge()
  await mkdir(store.uploadsFolder, { recursive: true })
  await store.removeLeftovers()
  if ((await readdir(store.uploadsFolder)).length >= maxWaitingUploads) throw new OpsFluxError('too-many-requests', 'Too many uploads wait to be published. Try again in an hour.')
  const temporary = temporaryBeside(store.uploadPath(digest))
  try {
    await save(bytes, temporary, digest)
    await moveInto(temporary, store.uploadPath(digest))
  } catch (error) {
    await rm(temporary, { force: true })
    throw error
  }
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
