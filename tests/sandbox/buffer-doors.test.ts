import { expect, test } from 'vitest'
import { Scene } from './scene.ts'

// Address space no limit counts: resizable, shared or gigantic buffers, by every way one can still be asked for.
const ways: Record<string, string> = {
  'a subclass': 'new (class extends ArrayBuffer {})(8, { maxByteLength: 2 ** 40 })',
  'Reflect.construct': 'Reflect.construct(ArrayBuffer, [8, { maxByteLength: 2 ** 40 }], Object)',
  'the class behind the class': 'new (Object.getPrototypeOf(class extends ArrayBuffer {}))(8, { maxByteLength: 2 ** 40 })',
  'a transfer': 'new ArrayBuffer(8).transfer(16)',
  'a slice with a doctored species': '(() => { const b = new ArrayBuffer(8); b.constructor = { [Symbol.species]: function (n) { return new ArrayBuffer(n, { maxByteLength: 2 ** 40 }) } }; return b.slice(0) })()',
  'a slice without a constructor': '(() => { const b = new ArrayBuffer(8); b.constructor = undefined; return b.slice(0) })()',
  'a typed array': 'new Uint8Array([1, 2, 3]).buffer',
}
for (const [name, way] of Object.entries(ways)) {
  test(`a buffer made by ${name} keeps its length`, async () => {
    await using scene = new Scene(`make: () => { const made = ${way}; const proto = Object.getPrototypeOf(new ArrayBuffer(1)); return [typeof proto.resize, typeof proto.grow, made.maxByteLength === undefined, typeof made.resize] }`)
    expect(await scene.outcome('make')).toEqual({ value: ['undefined', 'undefined', true, 'undefined'] })
    await scene.expectAlive()
  })
}

test('a buffer larger than the module may hold is refused at once', async () => {
  await using scene = new Scene("make: (length) => { try { return new ArrayBuffer(length).byteLength } catch (error) { return error instanceof RangeError } }")
  for (const length of [2 ** 30, 2 ** 40, 2 ** 53]) expect(await scene.outcome('make', length)).toEqual({ value: true })
  expect(scene.deaths).toEqual([])
  await scene.expectAlive()
})
