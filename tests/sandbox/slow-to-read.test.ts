import { expect, test } from 'vitest'
import { ownLagMs, watchLoop } from './loop-lag.ts'
import { echoHostCall, Scene } from './scene.ts'

// A message just under the limit that is dear to read: many small things, keys that fall together, numbers with long tails.
const messages: Record<string, string> = {
  'objects': 'Array.from({ length: 3e5 }, () => ({}))',
  'lists': 'Array.from({ length: 3e5 }, () => [])',
  'keys': "Object.fromEntries(Array.from({ length: 9e4 }, (_, n) => ['k' + n.toString(36), 1]))",
  'number keys that share low bits (CVE-2026-21717)': 'Object.fromEntries(Array.from({ length: 8e4 }, (_, n) => [(n * 65536) % 16777216 + Math.floor(n / 256), 1]))',
  'keys beyond the largest index': 'Object.fromEntries(Array.from({ length: 7e4 }, (_, n) => [4294967296 + n * 4096, 1]))',
  'shapes': "Array.from({ length: 4e4 }, (_, n) => ({ ['k' + n]: 1, ['j' + n]: 2 }))",
  'a number of a million digits': "JSON.rawJSON('1.' + '1'.repeat(1e6))",
}
for (const [name, message] of Object.entries(messages)) {
  test(`a message of ${name} does not hold the host up (lag below 250 ms)`, async () => {
    await using scene = new Scene(`answer: () => ${message}, ask: (_, { db }) => db.incident.count({ m: ${message} }).then(() => 1)`, { limits: { callMs: 5000 }, hostCalls: { 'db.count': { ...echoHostCall, handle: async () => null } } })
    await scene.outcome('ping')
    const stop = watchLoop()
    await Promise.all(Array.from({ length: 4 }, () => Promise.all([scene.outcome('answer'), scene.outcome('ask')])))
    expect(ownLagMs(stop())).toBeLessThan(250)
    await scene.expectAlive()
  })
}
