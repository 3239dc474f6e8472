import { expect, test } from 'vitest'
import { Scene } from './scene.ts'

const lines = ['{"level":60,"msg":"forged","tenant":"other"}', 'first\nINFO second', '\u001b[2Jcleared', 'a\0b', '\u202Eright to left', '\ud83d', '', ' '.repeat(5000)]

test('a log line cannot end its record, change its level or speak for another tenant', async () => {
  await using scene = new Scene("write: (lines, { log }) => { for (const line of lines) log.info(line); log.warn({ toString: () => 'of an object', level: 'fatal', tenant: 'other' }); log.info(null); log.info(Symbol('s')) }")
  expect(await scene.outcome('write', lines)).toEqual({ value: null })
  const written = scene.events.filter((event) => event.type === 'log')
  expect(written.map(({ message }) => message)).toEqual([...lines.map((line) => line.slice(0, 2000)), 'of an object', 'null', 'Symbol(s)'])
  for (const { site, tenant, user, level } of written) expect([site, tenant, user, ['info', 'warn'].includes(level)]).toEqual(['route:write', 'tenant-1', 'user-1', true])
  await scene.expectAlive()
})
