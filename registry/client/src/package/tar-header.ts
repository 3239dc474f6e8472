import { entryPath } from './entry-path.ts'
import type { PackageLimits } from './limits.ts'
import { refusal } from './refusal.ts'

export const blockBytes = 512

export interface TarHeader {
  kind: 'file' | 'folder'
  path: string
  size: number
}

const kinds: Record<string, string> = {
  '1': 'a hard link', '2': 'a symbolic link', '3': 'a character device', '4': 'a block device', '6': 'a pipe', '7': 'a contiguous file',
  x: 'a pax header', g: 'a pax header', L: 'a GNU long name', K: 'a GNU long link', S: 'a sparse file', D: 'a GNU folder dump', M: 'a GNU continuation', V: 'a volume name', N: 'a GNU name',
}

/** Reads one header block of a plain ustar archive (IEEE Std 1003.1-2017, pax, "ustar Interchange Format"), and no other dialect. */
export function parseTarHeader(block: Buffer, limits: Pick<PackageLimits, 'pathBytes' | 'depth'>): TarHeader {
  checkSum(block)
  // GNU archives say "ustar  \0"; v7 archives say nothing.
  if (block.toString('latin1', 257, 265) !== 'ustar\x0000') throw refusal('not-ustar', 'The archive is not in the plain ustar format.', rawName(block))
  const kind = kindOf(block)
  const path = entryPath(pathBytes(block, kind), limits)
  for (const [name, start, end] of numbers) octal(block, start, end, name, path)
  if (octal(block, 100, 108, 'mode', path) > 0o777) throw refusal('bad-header', `The entry "${path}" carries special permission bits.`, path)
  for (const [start, end] of [[329, 337], [337, 345]] as const) {
    if (!isEmpty(block, start, end) && octal(block, start, end, 'device', path) !== 0) throw refusal('bad-header', `The entry "${path}" carries a device number.`, path)
  }
  if (!isEmpty(block, 157, 257)) throw refusal('bad-header', `The entry "${path}" carries a link target.`, path)
  if (!isEmpty(block, 500, 512)) throw refusal('bad-header', `The entry "${path}" carries hidden bytes in its header.`, path)
  const size = octal(block, 124, 136, 'size', path)
  if (kind === 'folder' && size !== 0) throw refusal('bad-header', `The folder "${path}" claims a size.`, path)
  return { kind, path, size }
}

const numbers = [['owner', 108, 116], ['group', 116, 124], ['time', 136, 148]] as const

function checkSum(block: Buffer): void {
  let sum = 0
  for (let at = 0; at < blockBytes; at += 1) sum += at >= 148 && at < 156 ? 0x20 : block[at] ?? 0
  if (octal(block, 148, 156, 'checksum', rawName(block)) !== sum) throw refusal('bad-checksum', 'The checksum of an archive header is wrong.', rawName(block))
}

function kindOf(block: Buffer): 'file' | 'folder' {
  const flag = String.fromCharCode(block[156] ?? 0)
  if (flag === '0' || flag === '\0') return 'file'
  if (flag === '5') return 'folder'
  throw refusal('entry-type', `The entry is ${kinds[flag] ?? 'of an unknown type'}; only files and folders may be in a package.`, rawName(block))
}

function pathBytes(block: Buffer, kind: 'file' | 'folder'): Buffer {
  const name = untilNul(block, 0, 100)
  const prefix = untilNul(block, 345, 500)
  const whole = prefix.length > 0 ? Buffer.concat([prefix, Buffer.from('/'), name]) : name
  return kind === 'folder' && whole.at(-1) === 0x2f ? whole.subarray(0, -1) : whole
}

function untilNul(block: Buffer, start: number, end: number): Buffer {
  const nul = block.indexOf(0, start)
  const stop = nul < 0 || nul > end ? end : nul
  // Bytes behind the NUL would be read by some tools and not by others.
  if (!isEmpty(block, stop, end)) throw refusal('path-control-character', 'The name of an entry goes on after a NUL character.', rawName(block))
  return block.subarray(start, stop)
}

/** Octal digits and then NULs or spaces: no sign, no base-256, no empty field. */
function octal(block: Buffer, start: number, end: number, what: string, path: string): number {
  const digits = /^([0-7]{1,11})[\0 ]+$/.exec(block.toString('latin1', start, end))?.[1]
  if (digits === undefined) throw refusal('bad-number', `The ${what} of the entry "${path}" is not a plain octal number.`, path)
  return Number.parseInt(digits, 8)
}

function isEmpty(block: Buffer, start: number, end: number): boolean {
  return block.subarray(start, end).every((byte) => byte === 0)
}

function rawName(block: Buffer): string {
  return block.toString('latin1', 0, 100).replace(/\0.*$/s, '')
}
