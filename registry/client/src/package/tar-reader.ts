import { EntryTree } from './entry-tree.ts'
import { mostBytesOf, type PackageLimits } from './limits.ts'
import { refusal } from './refusal.ts'
import { blockBytes, parseTarHeader, type TarHeader } from './tar-header.ts'

// POSIX writes archives in records of 20 blocks, so up to 18 blocks of padding may follow the two that end an archive.
const maxEndBlocks = 20

/** Takes the bytes of a ustar archive as they come; every header is judged before the body behind it is kept. */
export class TarReader {
  readonly #limits: PackageLimits
  readonly #files = new Map<string, Buffer>()
  readonly #tree = new EntryTree()
  readonly #header = Buffer.alloc(blockBytes)
  #headerFill = 0
  #body: Buffer | undefined
  #bodyFill = 0
  #padding = 0
  #entries = 0
  #bytes = 0
  #endBlocks = 0

  constructor(limits: PackageLimits) {
    this.#limits = limits
  }

  push(chunk: Buffer): void {
    let rest = chunk
    while (rest.length > 0) rest = rest.subarray(this.#body ? this.#fillBody(rest, this.#body) : this.#padding > 0 ? this.#skipPadding(rest) : this.#fillHeader(rest))
  }

  /** The files by path, once the whole archive went in. */
  end(): Map<string, Buffer> {
    if (this.#body || this.#padding > 0 || this.#headerFill > 0 || this.#endBlocks < 2) throw refusal('truncated-archive', 'The archive ends too early.')
    const empty = this.#tree.emptyFolders()[0]
    if (empty !== undefined) throw refusal('empty-folder', `No file is in the folder "${empty}".`, empty)
    return this.#files
  }

  #fillHeader(chunk: Buffer): number {
    const taken = chunk.copy(this.#header, this.#headerFill)
    this.#headerFill += taken
    if (this.#headerFill < blockBytes) return taken
    this.#headerFill = 0
    if (this.#header.every((byte) => byte === 0)) this.#endBlock()
    else if (this.#endBlocks > 0) throw refusal('data-after-end', 'Data follows the end of the archive.')
    else this.#begin(parseTarHeader(this.#header, this.#limits))
    return taken
  }

  #endBlock(): void {
    this.#endBlocks += 1
    if (this.#endBlocks > maxEndBlocks) throw refusal('data-after-end', 'Too much padding follows the end of the archive.')
  }

  #begin({ kind, path, size }: TarHeader): void {
    this.#entries += 1
    if (this.#entries > this.#limits.entries) throw refusal('too-many-entries', `The package has more than ${this.#limits.entries} entries.`)
    this.#tree.add(path, kind)
    if (kind === 'folder') return
    const most = mostBytesOf(path, this.#limits)
    this.#bytes += size
    if (size > most && most < this.#limits.unpackedBytes) throw refusal('file-too-large', `The file "${path}" is larger than ${most} bytes.`, path)
    // By what the headers say, before the bytes come and before room is made for them.
    if (this.#bytes > this.#limits.unpackedBytes) throw refusal('unpacked-too-large', `The package unpacks to more than ${this.#limits.unpackedBytes} bytes.`, path)
    const body = Buffer.alloc(size)
    this.#files.set(path, body)
    this.#padding = (blockBytes - (size % blockBytes)) % blockBytes
    this.#bodyFill = 0
    this.#body = size > 0 ? body : undefined
  }

  #fillBody(chunk: Buffer, body: Buffer): number {
    const taken = chunk.copy(body, this.#bodyFill)
    this.#bodyFill += taken
    if (this.#bodyFill === body.length) this.#body = undefined
    return taken
  }

  #skipPadding(chunk: Buffer): number {
    const taken = Math.min(chunk.length, this.#padding)
    if (!chunk.subarray(0, taken).every((byte) => byte === 0)) throw refusal('bad-header', 'Bytes are hidden in the padding of the archive.')
    this.#padding -= taken
    return taken
  }
}
