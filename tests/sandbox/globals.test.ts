import { expect, test } from 'vitest'
import { Scene } from './scene.ts'

test('nothing of Node, of the network or of shared memory is in reach', async () => {
  await using scene = new Scene(`look: (names) => names.filter((name) => name in globalThis || (() => { try { return (0, eval)('typeof ' + name) !== 'undefined' } catch { return false } })())`)
  const names = [
    'process', 'require', 'module', 'exports', '__dirname', 'global', 'Buffer', 'console', 'setTimeout', 'setInterval', 'setImmediate', 'queueMicrotask', 'fetch', 'XMLHttpRequest', 'WebSocket', 'Worker',
    'WebAssembly', 'SharedArrayBuffer', 'Atomics', 'WeakRef', 'FinalizationRegistry', 'structuredClone', 'performance', 'crypto', 'navigator', 'send', 'enter', '$0', '$1', 'ivm', 'ShadowRealm', 'gc',
  ]
  expect(await scene.outcome('look', names)).toEqual({ value: [] })
})

test('buffers have the length they were made with, by every door', async () => {
  await using scene = new Scene(`look: () => {
    const Doors = [ArrayBuffer, new ArrayBuffer(1).constructor, new Uint8Array(1).buffer.constructor, ArrayBuffer[Symbol.species], Object.getPrototypeOf(new Uint8Array(1).buffer).constructor]
    return [...Doors.map((Door) => new Door(8, { maxByteLength: 2 ** 40 }).byteLength), 'resize' in ArrayBuffer.prototype, 'resizable' in new ArrayBuffer(1), new ArrayBuffer(8).slice(2).byteLength, new ArrayBuffer(1) instanceof ArrayBuffer, ArrayBuffer.isView(new Uint8Array(1))]
  }`)
  expect(await scene.outcome('look')).toEqual({ value: [8, 8, 8, 8, 8, false, false, 6, true, true] })
})
