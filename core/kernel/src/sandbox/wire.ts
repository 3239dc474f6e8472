/*
 * One frame: length u32 · kind u8 · call u32 · host call u32 · payload (UTF-8), little-endian; the length counts what follows it.
 * `frameKind`, `encodeFrame` and `FrameReader` are also sent to the child as text, so they refer to nothing outside themselves but Buffer.
 */
export const frameKind = {
  // host → child
  load: 1,
  call: 2,
  answer: 3,
  failure: 4,
  /** Limits that hold for the calls after it. */
  limits: 5,
  // child → host
  ready: 17,
  refused: 18,
  result: 19,
  failed: 20,
  hostCall: 21,
  note: 22,
  /** The oldest frame not yet done is done, with all the microtasks it left. */
  done: 23,
} as const

export type FrameListener = (kind: number, call: number, hostCall: number, payload: string) => void

export function encodeFrame(kind: number, call: number, hostCall: number, payload: string): Buffer {
  const bytes = Buffer.byteLength(payload)
  const frame = Buffer.allocUnsafe(13 + bytes)
  frame.writeUInt32LE(9 + bytes, 0)
  frame.writeUInt8(kind, 4)
  frame.writeUInt32LE(call, 5)
  frame.writeUInt32LE(hostCall, 9)
  frame.write(payload, 13)
  return frame
}

/** Cuts a byte stream into frames. `push` throws a RangeError when the other side announces a frame that is too short or too long. */
export class FrameReader {
  #chunks: Buffer[] = []
  #size = 0
  #needed = 4
  #maxBytes: number
  #listener: FrameListener

  constructor(maxBytes: number, listener: FrameListener) {
    this.#maxBytes = maxBytes
    this.#listener = listener
  }

  /** From now on frames may be as long as this, if that is more than before. */
  allow(maxBytes: number): void {
    this.#maxBytes = Math.max(this.#maxBytes, maxBytes)
  }

  push(chunk: Buffer): void {
    this.#chunks.push(chunk)
    this.#size += chunk.length
    // A frame of many chunks is joined once, when it is whole.
    if (this.#size < this.#needed) return
    const buffer = this.#chunks.length === 1 ? chunk : Buffer.concat(this.#chunks, this.#size)
    let offset = 0
    this.#needed = 4
    while (buffer.length - offset >= 4) {
      const length = buffer.readUInt32LE(offset)
      if (length < 9 || length > this.#maxBytes) throw new RangeError(`a frame of ${length} bytes`)
      if (buffer.length - offset < 4 + length) {
        this.#needed = 4 + length
        break
      }
      const payload = buffer.toString('utf8', offset + 13, offset + 4 + length)
      this.#listener(buffer.readUInt8(offset + 4), buffer.readUInt32LE(offset + 5), buffer.readUInt32LE(offset + 9), payload)
      offset += 4 + length
    }
    const rest = buffer.subarray(offset)
    this.#chunks = rest.length > 0 ? [rest] : []
    this.#size = rest.length
  }
}
