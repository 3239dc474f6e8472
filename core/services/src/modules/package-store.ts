import { createWriteStream } from 'node:fs'
import { access, mkdir, readdir, rename, rm } from 'node:fs/promises'
import { randomUUID } from 'node:crypto'
import { join } from 'node:path'
import type { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { openPackage, type OpenedPackage } from '@opsflux/registry-client'
import { OpsFluxError } from '@opsflux/sdk'

/** Largest package accepted from a file, bytes; the reader has the same limit. */
export const maxPackageBytes = 20 * 1024 * 1024

const unfinished = '.upload-'

/** Packages this platform has seen, by digest: `<home>/packages/<digest>.tgz`. */
export class PackageStore {
  readonly #folder: string

  constructor(folder: string) {
    this.#folder = folder
  }

  /**
   * Stores an uploaded package once the strict reader has accepted it and `verify` has proven it; leaves nothing behind otherwise.
   * @throws package-refused, payload-too-large, and what `verify` throws
   */
  async receive<T>(stream: Readable, verify: (opened: OpenedPackage) => Promise<T>): Promise<{ opened: OpenedPackage; verified: T }> {
    await mkdir(this.#folder, { recursive: true })
    const temporary = join(this.#folder, `${unfinished}${randomUUID()}`)
    try {
      // The stream is left whole: destroyed, it would take the connection away before the answer.
      await pipeline(stream.iterator({ destroyOnReturn: false }), limitTo(maxPackageBytes), createWriteStream(temporary, { mode: 0o600 }))
      const opened = await openPackage(temporary)
      const verified = await verify(opened)
      await rename(temporary, this.#path(opened.digest))
      return { opened, verified }
    } finally {
      await rm(temporary, { force: true })
    }
  }

  /** Removes uploads that a killed host left unfinished. */
  async sweep(): Promise<void> {
    await mkdir(this.#folder, { recursive: true })
    for (const name of await readdir(this.#folder)) if (name.startsWith(unfinished)) await rm(join(this.#folder, name), { force: true })
  }

  /** Takes over a verified download. */
  async adopt(path: string): Promise<OpenedPackage> {
    await mkdir(this.#folder, { recursive: true })
    const { digest } = await openPackage(path)
    await rename(path, this.#path(digest))
    return this.open(digest)
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
