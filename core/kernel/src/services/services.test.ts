import { describe, expect, test } from 'vitest'
import { serviceRef } from '@opsflux/sdk'
import { provide, Services } from './services.ts'

const clock = serviceRef<{ now(): number }>('clock')
const journal = serviceRef<{ lines: string[] }>('journal')
const report = serviceRef<string>('report')

describe('the services of a process', () => {
  test('start after what they need, whatever their order in the list, and stop the other way round', async () => {
    const events: string[] = []
    const services = await Services.start([
      provide(report, { needs: { journal, clock }, start: (needs) => `${needs.journal.lines.length} lines at ${needs.clock.now()}`, stop: () => { events.push('report') } }),
      provide(journal, { needs: { clock }, start: () => ({ lines: ['a'] }), stop: () => { events.push('journal') } }),
      provide(clock, { needs: {}, start: () => ({ now: () => 7 }), stop: () => { events.push('clock') } }),
    ])
    expect(services.get(report)).toBe('1 lines at 7')
    await services.stop()
    expect(events).toEqual(['report', 'journal', 'clock'])
  })

  test('say who needs what is missing, and which need each other in a circle', async () => {
    const first = serviceRef<string>('first')
    const second = serviceRef<string>('second')
    const one = provide(first, { needs: { second }, start: () => 'one' })
    await expect(Services.start([one])).rejects.toThrow("No provider for service 'second', needed by 'first'.")
    await expect(Services.start([one, provide(second, { needs: { first }, start: () => 'two' })])).rejects.toThrow('first → second → first')
  })

  test('are all stopped when one fails to start, and all get their turn when one fails to stop', async () => {
    const stopped: string[] = []
    const good = provide(clock, { needs: {}, start: () => ({ now: () => 1 }), stop: () => { stopped.push('clock') } })
    await expect(Services.start([good, provide(journal, { needs: { clock }, start: () => { throw new Error('disk full') } })])).rejects.toThrow('disk full')
    expect(stopped).toEqual(['clock'])
    const services = await Services.start([good, provide(journal, { needs: { clock }, start: () => ({ lines: [] }), stop: () => { throw new Error('stuck') } })])
    await expect(services.stop()).rejects.toThrow('Some services did not stop cleanly.')
    expect(stopped).toEqual(['clock', 'clock'])
  })

  test('take an implementation of their contract only', () => {
    // @ts-expect-error a clock must tell the time
    provide(clock, { needs: {}, start: () => ({ then: 1 }) })
    // @ts-expect-error only declared needs are handed over
    provide(clock, { needs: { journal }, start: ({ report: missing }) => ({ now: () => missing }) })
  })
})
