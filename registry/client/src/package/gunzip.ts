import { once } from 'node:events'
import { crc32, createInflateRaw, type InflateRaw } from 'node:zlib'
import { refusal } from './refusal.ts'

const headerBytes = 10
const trailerBytes = 8

/**
 * Unpacks exactly one gzip member (RFC 1952) and nothing after it, as the bytes come, and stops as soon as more than `maxBytes` come out.
 * node:zlib's own gunzip reads on into further members and drops trailing bytes in silence, so the frame is read here.
 * `sink` takes what comes out; what it throws ends the reading.
 */
export async function gunzip(packed: AsyncIterable<Buffer>, maxBytes: number, sink: (bytes: Buffer) => void): Promise<void> {
  const member = new GzipMember(maxBytes, sink)
  try {
    for await (const chunk of packed) await member.write(chunk)
    await member.end()
  } finally {
    member.close()
  }
}

class GzipMember {
  readonly #inflate: InflateRaw = createInflateRaw({ chunkSize: 64 * 1024 })
  readonly #ended: Promise<unknown> = once(this.#inflate, 'end')
  #header = Buffer.alloc(0)
  #fed = 0
  /** What follows the compressed data, from when its end was seen. */
  #trailer: Buffer | undefined
  #checksum = 0
  #size = 0
  #failure: unknown

  constructor(maxBytes: number, sink: (bytes: Buffer) => void) {
    this.#ended.catch(() => undefined)
    this.#inflate.on('error', () => undefined)
    this.#inflate.on('data', (bytes: Buffer) => {
      if (this.#failure !== undefined) return
      try {
        this.#size += bytes.length
        if (this.#size > maxBytes) throw refusal('unpacked-too-large', `The package unpacks to more than ${maxBytes} bytes.`)
        this.#checksum = crc32(bytes, this.#checksum)
        sink(bytes)
      } catch (error) {
        this.#failure = error
        this.#inflate.destroy(new Error('enough'))
      }
    })
  }

  async write(chunk: Buffer): Promise<void> {
    if (this.#trailer) return this.#keep(chunk)
    if (this.#header.length === headerBytes) return this.#feed(chunk)
    const missing = headerBytes - this.#header.length
    this.#header = Buffer.concat([this.#header, chunk.subarray(0, missing)])
    if (this.#header.length < headerBytes) return
    checkHeader(this.#header)
    if (chunk.length > missing) await this.#feed(chunk.subarray(missing))
  }

  async end(): Promise<void> {
    if (this.#header.length < headerBytes) throw refusal('not-gzip', 'The file is not a gzip archive.')
    const trailer = this.#trailer
    if (!trailer || trailer.length < trailerBytes) throw refusal('truncated-archive', 'The package ends too early.')
    if (trailer.readUInt32LE(0) !== this.#checksum || trailer.readUInt32LE(4) !== this.#size % 2 ** 32) throw refusal('gzip-damaged', 'The unpacked data does not match its checksum.')
    if (trailer.length === trailerBytes) return
    if (trailer[trailerBytes] === 0x1f && trailer[trailerBytes + 1] === 0x8b) throw refusal('second-gzip-member', 'A second archive follows the package.')
    throw refusal('trailing-bytes', 'Bytes follow the end of the package.')
  }

  close(): void {
    this.#inflate.destroy()
  }

  async #feed(chunk: Buffer): Promise<void> {
    this.#fed += chunk.length
    try {
      // Damaged data is never acknowledged: then waiting for the end fails.
      await Promise.race([new Promise<void>((resolve) => { this.#inflate.write(chunk, () => resolve()) }), this.#ended])
      if (this.#failure !== undefined) throw this.#failure
    } catch (cause) {
      throw this.#failure ?? refusal('gzip-damaged', 'The package cannot be unpacked: its compressed data is damaged.', undefined, cause)
    }
    const left = this.#fed - this.#inflate.bytesWritten
    if (left > 0) this.#keep(chunk.subarray(chunk.length - left))
  }

  /** No more than it takes to tell what is there. */
  #keep(bytes: Buffer): void {
    this.#trailer = Buffer.concat([this.#trailer ?? Buffer.alloc(0), bytes]).subarray(0, trailerBytes + 2)
  }
}

function checkHeader(header: Buffer): void {
  if (header.readUInt16BE(0) !== 0x1f8b || header[2] !== 8) throw refusal('not-gzip', 'The file is not a gzip archive.')
  // Flags announce a name, a comment or extra fields: room for bytes that nobody signs.
  if (header[3] !== 0 || header.readUInt32LE(4) !== 0) throw refusal('gzip-damaged', 'The gzip header carries more than a package may: no flags and no time are allowed.')
}
