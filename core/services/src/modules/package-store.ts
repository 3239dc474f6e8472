import { createWriteStream } from 'node:fs'
import { access, mkdir, rename, rm } from 'node:fs/promises'
import { randomUUID } from 'node:crypto'
import { join } from 'node:path'
import type { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { openPackage, type OpenedPackage } from '@opsflux/registry-client'
import { OpsFluxError } from '@opsflux/sdk'

/** Largest package accepted from a file, bytes; the reader has the same limit. */
export const maxPackageBytes = 20 * 1024 * 1024

/** Packages this platform has seen, by digest: `<home>/packages/<digest>.tgz`. */
export class PackageStore {
  readonly #folder: string

  constructor(folder: string) {
    this.#folder = folder
  }

  /** Stores an uploaded package once the strict reader has accepted it; leaves nothing behind otherwise. @throws package-refused, payload-too-large */
  async receive(stream: Readable): Promise<OpenedPackage> {
    await mkdir(this.#folder, { recursive: true })
    const temporary = join(this.#folder, `.upload-${randomUUID()}`)
    try {
      await pipeline(stream, limitTo(maxPackageBytes), createWriteStream(temporary, { mode: 0o600 }))
      return await this.#keep(temporary)
    } finally {
      await rm(temporary, { force: true })
    }
  }

  /** Takes over a verified download. */
  async adopt(path: string): Promise<OpenedPackage> {
    await mkdir(this.#folder, { recursive: true })
    return this.#keep(path)
  }

  /** @throws not-found when it is no longer here */
  async open(digest: string): Promise<OpenedPackage> {
    if (!/^[0-9a-f]{64}$/.test(digest)) throw new OpsFluxError('invalid-request', 'That is not the id of an uploaded package.')
    const path = this.#path(digest)
    const isHere = await access(path).then(() => true, () => false)
    if (!isHere) throw new OpsFluxError('not-found', 'The package is no longer here. Upload it again.')
    const opened = await openPackage(path)
    if (opened.digest !== digest) throw new OpsFluxError('package-refused', 'The stored package was changed on disk. Upload it again.', { data: { reason: 'digest-mismatch' } })
    return opened
  }

  async #keep(path: string): Promise<OpenedPackage> {
    const opened = await openPackage(path)
    await rename(path, this.#path(opened.digest))
    return openPackage(this.#path(opened.digest))
  }

  #path(digest: string): string {
    return join(this.#folder, `${digest}.tgz`)
  }
}

function limitTo(maxBytes: number) {
  return async function* (source: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
    let total = 0
    for await (const chunk of source) {
      total += chunk.length
      if (total > maxBytes) throw new OpsFluxError('payload-too-large', `A package is at most ${maxBytes / 1024 / 1024} MB.`)
      yield chunk
    }
  }
}
