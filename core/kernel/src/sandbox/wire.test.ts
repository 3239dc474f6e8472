import fc from 'fast-check'
import { expect, test } from 'vitest'
import { encodeFrame, FrameReader } from './wire.ts'

const frames = fc.array(fc.tuple(fc.nat(255), fc.nat(0xffff_ffff), fc.nat(0xffff_ffff), fc.string({ unit: 'grapheme' })), { minLength: 1, maxLength: 20 })

test('frames come out as they went in, however the stream is cut', () => {
  fc.assert(
    fc.property(frames, fc.array(fc.nat(40), { maxLength: 30 }), (sent, cuts) => {
      const stream = Buffer.concat(sent.map((frame) => encodeFrame(...frame)))
      const received: unknown[] = []
      const reader = new FrameReader(10_000, (...frame) => received.push(frame))
      let offset = 0
      for (const cut of [...cuts, stream.length]) {
        reader.push(stream.subarray(offset, offset + cut))
        offset = Math.min(offset + cut, stream.length)
      }
      expect(received).toEqual(sent)
    }),
  )
})

test('a frame that announces more than allowed, or less than its head, is refused before it is read', () => {
  for (const length of [0xffff_ffff, 10_001, 8, 0]) {
    const head = Buffer.alloc(4)
    head.writeUInt32LE(length)
    expect(() => new FrameReader(10_000, () => undefined).push(head)).toThrow(RangeError)
  }
})
