import { constants, crc32, deflateRawSync } from 'node:zlib'

/** One gzip member (RFC 1952) without name, time or operating system, so that the same bytes always give the same file. */
export function gzip(bytes: Uint8Array): Buffer {
  const header = Buffer.from([0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 2, 255])
  const trailer = Buffer.alloc(8)
  trailer.writeUInt32LE(crc32(bytes), 0)
  trailer.writeUInt32LE(bytes.length % 2 ** 32, 4)
  return Buffer.concat([header, deflateRawSync(bytes, { level: constants.Z_BEST_COMPRESSION, memLevel: 9 }), trailer])
}
