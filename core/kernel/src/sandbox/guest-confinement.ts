/**
 * Takes out of the plugin's realm what reaches beyond the limits: shared and resizable memory, code that is no JavaScript, sight
 * of the garbage collector. Runs in the isolate before anything else of ours or the plugin's. Sent as text: it refers to
 * nothing outside itself.
 */
export function confineGuest(): void {
  'use strict'
  const { construct, defineProperty, deleteProperty, has } = Reflect

  for (const name of ['WebAssembly', 'SharedArrayBuffer', 'Atomics', 'WeakRef', 'FinalizationRegistry', 'ShadowRealm', 'console']) removeFrom(globalThis, name)
  for (const name of ['resize', 'resizable', 'maxByteLength']) removeFrom(ArrayBuffer.prototype, name)
  replaceArrayBuffer()

  function removeFrom(owner: object, name: string): void {
    if (!deleteProperty(owner, name) || has(owner, name)) throw new Error(`${name} could not be removed`)
  }

  /** Resizable buffers reserve address space beyond every limit: the constructor takes a length only. */
  function replaceArrayBuffer(): void {
    const Native = ArrayBuffer
    function FixedArrayBuffer(this: unknown, length?: number): object {
      if (!new.target) throw new TypeError("Constructor ArrayBuffer requires 'new'")
      return construct(Native, [length], new.target)
    }
    defineProperty(FixedArrayBuffer, 'name', { value: 'ArrayBuffer', configurable: true })
    defineProperty(FixedArrayBuffer, 'prototype', { value: Native.prototype, writable: false })
    defineProperty(FixedArrayBuffer, 'isView', { value: Native.isView, writable: true, configurable: true })
    defineProperty(FixedArrayBuffer, Symbol.species, { configurable: true, get(this: unknown) { return this } })
    defineProperty(Native.prototype, 'constructor', { value: FixedArrayBuffer, writable: true, configurable: true })
    defineProperty(globalThis, 'ArrayBuffer', { value: FixedArrayBuffer, writable: true, configurable: true })
  }
}
