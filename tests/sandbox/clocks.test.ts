import { expect, test } from 'vitest'
import { Scene } from './scene.ts'

test('no clock is finer than a millisecond, and none counts beside the code', async () => {
  await using scene = new Scene(`look: () => {
    const steps = new Set()
    let last = Date.now()
    for (let n = 0; n < 2e5; n++) { const now = Date.now(); if (now !== last) steps.add(now - last); last = now }
    return [[...steps].every(Number.isInteger), typeof performance, typeof Atomics, typeof SharedArrayBuffer, typeof Worker, 'Temporal' in globalThis && Temporal.Now.instant().epochNanoseconds % 1000000n !== 0n]
  }`)
  expect(await scene.outcome('look')).toEqual({ value: [true, 'undefined', 'undefined', 'undefined', 'undefined', false] })
  await scene.expectAlive()
})

test('random numbers of two children have nothing in common', async () => {
  const routes = 'draw: () => [Math.random(), Math.random(), Math.random()]'
  await using one = new Scene(routes)
  await using other = new Scene(routes)
  expect(await one.outcome('draw')).not.toEqual(await other.outcome('draw'))
})
