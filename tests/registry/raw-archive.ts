export interface HostilePackage {
  /** Goes on from "a package". */
  name: string
  bytes: Buffer
  code: 'package-refused' | 'untrusted-release'
  /** Of a refused package. */
  reason?: string
}

/** One archive entry whose header can say anything, as a hostile writer would have it. */
export interface RawEntry {
  path: string | Buffer
  bytes?: Buffer
  type?: string
  /** The 12 bytes of the size field. */
  size?: string | Buffer
  mode?: string
  /** The 8 bytes that name the dialect. */
  magic?: string | Buffer
  linkName?: string
  prefix?: string
  owner?: string
  device?: string
  checksum?: string
  /** The last 12 bytes of the header, which ustar leaves empty. */
  rest?: string
  padding?: Buffer
}

/** The entry's header, body and padding. */
export function rawEntry(entry: RawEntry): Buffer {
  const { bytes = Buffer.alloc(0) } = entry
  const header = Buffer.alloc(512)
  const put = (value: string | Buffer, at: number): void => { (typeof value === 'string' ? Buffer.from(value, 'latin1') : value).copy(header, at) }
  put(typeof entry.path === 'string' ? Buffer.from(entry.path) : entry.path, 0)
  put(entry.mode ?? '0000644\0', 100)
  put(entry.owner ?? '0000000\0', 108)
  put('0000000\0', 116)
  put(entry.size ?? `${bytes.length.toString(8).padStart(11, '0')}\0`, 124)
  put('00000000000\0        ', 136)
  put(entry.type ?? '0', 156)
  put(entry.linkName ?? '', 157)
  put(entry.magic ?? 'ustar\x0000', 257)
  put(entry.device ?? '0000000\x000000000\0', 329)
  put(entry.prefix ?? '', 345)
  put(entry.rest ?? '', 500)
  put(entry.checksum ?? `${header.reduce((sum, byte) => sum + byte, 0).toString(8).padStart(6, '0')}\0 `, 148)
  return Buffer.concat([header, bytes, entry.padding ?? Buffer.alloc((512 - (bytes.length % 512)) % 512)])
}

/** One record of a pax header: its own length in decimal, then `key=value` (IEEE Std 1003.1-2017, pax, "pax Header Block"). */
export function paxRecord(key: string, value: string): Buffer {
  const rest = ` ${key}=${value}\n`
  const digits = String(rest.length + String(rest.length).length).length
  return Buffer.from(`${rest.length + digits}${rest}`)
}
