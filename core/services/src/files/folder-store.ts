import { createHash, randomUUID } from 'node:crypto'
import { createReadStream, createWriteStream } from 'node:fs'
import { mkdir, open, opendir, rename, rm, stat } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import type { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { OpsFluxError } from '@opsflux/sdk'
import type { FileStore, ReceivedContent } from './file-store.ts'

const unfinished = '.upload-'
const headBytes = 4_100
const hasCode = (error: unknown, ...codes: string[]): boolean => error instanceof Error && 'code' in error && codes.includes(String(error.code))

/** A folder: `<tenant>/<first two digits>/<sha-256>`. Several hosts share it by sharing the file system it is on. */
export class FolderStore implements FileStore {
  readonly #folder: string

  constructor(folder: string) {
    this.#folder = folder
  }

  async receive(tenantId: string, source: Readable, maxBytes: number): Promise<ReceivedContent> {
    await mkdir(this.#folder, { recursive: true })
    const temporary = join(this.#folder, `${unfinished}${randomUUID()}`)
    const discard = (): Promise<void> => rm(temporary, { force: true })
    const measure = new Measure(maxBytes)
    try {
      // The stream is left whole: destroyed, it would take the connection away before the answer. `flush`: fsync before it is closed.
      await pipeline(source.iterator({ destroyOnReturn: false }), (chunks: AsyncIterable<Buffer>) => measure.pass(chunks), createWriteStream(temporary, { mode: 0o600, flush: true }))
    } catch (error) {
      await discard()
      throw hasCode(error, 'ENOSPC', 'EDQUOT') ? full(error) : error
    }
    const { sha256, bytes, head } = measure.result()
    return { sha256, bytes, head, discard, keep: () => this.#keep(temporary, this.#path(tenantId, sha256)) }
  }

  async open(tenantId: string, sha256: string, range?: { start: number; end: number }): Promise<Readable> {
    const file = await open(this.#path(tenantId, sha256), 'r').catch((cause: unknown) => {
      throw hasCode(cause, 'ENOENT') ? new OpsFluxError('not-ready', 'The content of the file is not in the file store of this server. Tell whoever runs it.', { cause }) : cause
    })
    return createReadStream('', { fd: file, ...range })
  }

  async remove(tenantId: string, sha256: string): Promise<void> {
    await rm(this.#path(tenantId, sha256), { force: true })
  }

  async *contents(): AsyncGenerator<{ tenantId: string; sha256: string }> {
    for await (const tenantId of namesIn(this.#folder)) {
      if (tenantId.startsWith(unfinished)) continue
      for await (const group of namesIn(join(this.#folder, tenantId))) {
        for await (const sha256 of namesIn(join(this.#folder, tenantId, group))) yield { tenantId, sha256 }
      }
    }
  }

  async sweepUnfinished(hours: number): Promise<void> {
    for await (const name of namesIn(this.#folder)) {
      if (!name.startsWith(unfinished)) continue
      const path = join(this.#folder, name)
      const changedMs = await stat(path).then((found) => found.mtimeMs, () => Date.now())
      if (changedMs < Date.now() - hours * 3_600_000) await rm(path, { force: true })
    }
  }

  async #keep(temporary: string, path: string): Promise<void> {
    await mkdir(dirname(path), { recursive: true })
    await rename(temporary, path).catch(async (error: unknown) => {
      // Kept before.
      if (!hasCode(error, 'ENOENT') || !await stat(path).then(() => true, () => false)) throw error
    })
    for (const folder of [dirname(path), dirname(dirname(path)), this.#folder]) await syncFolder(folder)
  }

  #path(tenantId: string, sha256: string): string {
    return join(this.#folder, tenantId, sha256.slice(0, 2), sha256)
  }
}

/** What goes through is counted and hashed. */
class Measure {
  readonly #maxBytes: number
  readonly #hash = createHash('sha256')
  readonly #head: Buffer[] = []
  #bytes = 0

  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes
  }

  async *pass(chunks: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
    for await (const chunk of chunks) {
      if (this.#bytes < headBytes) this.#head.push(chunk.subarray(0, headBytes - this.#bytes))
      this.#bytes += chunk.length
      if (this.#bytes > this.#maxBytes) throw new OpsFluxError('payload-too-large', `A file is at most ${Math.floor(this.#maxBytes / 1024 / 1024)} MB.`)
      this.#hash.update(chunk)
      yield chunk
    }
  }

  result(): { sha256: string; bytes: number; head: Buffer } {
    return { sha256: this.#hash.digest('hex'), bytes: this.#bytes, head: Buffer.concat(this.#head) }
  }
}

// A name is only there for good once its folder is written (fsync(2)); Windows opens no folders and needs none.
async function syncFolder(folder: string): Promise<void> {
  if (process.platform === 'win32') return
  await using handle = await open(folder, 'r')
  await handle.sync()
}

async function* namesIn(folder: string): AsyncGenerator<string> {
  try {
    for await (const entry of await opendir(folder)) yield entry.name
  } catch (error) {
    if (!hasCode(error, 'ENOENT', 'ENOTDIR')) throw error
  }
}

const full = (cause: unknown): OpsFluxError => new OpsFluxError('not-ready', 'The file store of the server is full: nothing was stored. Tell whoever runs it, and try again later.', { cause })
