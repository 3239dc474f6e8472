import { OpsFluxError } from '@opsflux/sdk'

const blockBytes = 512

/** A plain ustar archive of regular files, in the order given: no owner, no time, mode 0644, nothing that differs between machines. */
export function writeTar(files: Iterable<readonly [path: string, bytes: Uint8Array]>): Buffer {
  const parts: Uint8Array[] = []
  for (const [path, bytes] of files) parts.push(tarHeader(path, bytes.length), bytes, Buffer.alloc((blockBytes - (bytes.length % blockBytes)) % blockBytes))
  return Buffer.concat([...parts, Buffer.alloc(2 * blockBytes)])
}

function tarHeader(path: string, size: number): Buffer {
  const header = Buffer.alloc(blockBytes)
  const { name, prefix } = splitPath(path)
  header.write(name, 0, 'utf8')
  header.write('0000644\0', 100, 'latin1')
  header.write('0000000\0', 108, 'latin1')
  header.write('0000000\0', 116, 'latin1')
  header.write(`${size.toString(8).padStart(11, '0')}\0`, 124, 'latin1')
  header.write('00000000000\0', 136, 'latin1')
  header.write('        0', 148, 'latin1')
  header.write('ustar\x0000', 257, 'latin1')
  header.write('0000000\x000000000\0', 329, 'latin1')
  header.write(prefix, 345, 'utf8')
  const sum = header.reduce((total, byte) => total + byte, 0)
  header.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148, 'latin1')
  return header
}

/** ustar keeps 100 bytes of name and 155 of folders before it. */
function splitPath(path: string): { name: string; prefix: string } {
  if (Buffer.byteLength(path) <= 100) return { name: path, prefix: '' }
  for (let slash = path.indexOf('/'); slash > 0; slash = path.indexOf('/', slash + 1)) {
    const [prefix, name] = [path.slice(0, slash), path.slice(slash + 1)]
    if (Buffer.byteLength(name) <= 100 && Buffer.byteLength(prefix) <= 155) return { name, prefix }
  }
  throw new OpsFluxError('validation-failed', `The path "${path}" is too long for a package. Shorten the name of the file or of its folders.`)
}
