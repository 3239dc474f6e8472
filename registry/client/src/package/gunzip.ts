import { crc32, createInflateRaw } from 'node:zlib'
import { isOpsFluxError } from '@opsflux/sdk'
import { refusal } from './refusal.ts'

const headerBytes = 10
const trailerBytes = 8

/**
 * Unpacks exactly one gzip member (RFC 1952) and nothing after it, stopping as soon as more than `maxBytes` come out.
 * node:zlib's own gunzip reads on into further members and drops trailing bytes in silence, so the frame is read here.
 */
export async function* gunzip(packed: Buffer, maxBytes: number): AsyncGenerator<Buffer, void> {
  checkHeader(packed)
  const inflate = createInflateRaw({ chunkSize: 64 * 1024 })
  inflate.end(packed.subarray(headerBytes))
  let checksum = 0
  let size = 0
  try {
    for await (const chunk of inflate as AsyncIterable<Buffer>) {
      size += chunk.length
      if (size > maxBytes) throw refusal('unpacked-too-large', `The package unpacks to more than ${maxBytes} bytes.`)
      checksum = crc32(chunk, checksum)
      yield chunk
    }
  } catch (cause) {
    if (isOpsFluxError(cause)) throw cause
    if (cause instanceof Error && 'code' in cause && cause.code === 'Z_BUF_ERROR') throw refusal('truncated-archive', 'The package ends too early.', undefined, cause)
    throw refusal('gzip-damaged', 'The package cannot be unpacked: its compressed data is damaged.', undefined, cause)
  }
  checkTrailer(packed.subarray(headerBytes + inflate.bytesWritten), checksum, size)
}

function checkHeader(packed: Buffer): void {
  if (packed.length < headerBytes + trailerBytes || packed.readUInt16BE(0) !== 0x1f8b || packed[2] !== 8) throw refusal('not-gzip', 'The file is not a gzip archive.')
  // Flags announce a name, a comment or extra fields: room for bytes that nobody signs.
  if (packed[3] !== 0 || packed.readUInt32LE(4) !== 0) throw refusal('gzip-damaged', 'The gzip header carries more than a package may: no flags and no time are allowed.')
}

function checkTrailer(rest: Buffer, checksum: number, size: number): void {
  if (rest.length < trailerBytes) throw refusal('truncated-archive', 'The package ends too early.')
  if (rest.readUInt32LE(0) !== checksum || rest.readUInt32LE(4) !== size % 2 ** 32) throw refusal('gzip-damaged', 'The unpacked data does not match its checksum.')
  if (rest.length === trailerBytes) return
  if (rest[trailerBytes] === 0x1f && rest[trailerBytes + 1] === 0x8b) throw refusal('second-gzip-member', 'A second archive follows the package.')
  throw refusal('trailing-bytes', 'Bytes follow the end of the package.')
}
