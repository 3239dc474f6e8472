import { describe, expect, test } from 'vitest'
import { Gate } from './gate.ts'
import { PluginHost, type LoadedRelease } from './plugin-host.ts'

const release = (version: string): LoadedRelease => ({ pluginId: 'demo', version, digest: version, stop: async () => {} })

describe('a plugin that is being changed', () => {
  test('waits for the calls inside before the change and holds the ones that come (CORE-16.8)', async () => {
    const host = new PluginHost<LoadedRelease>()
    host.swap('demo', release('1'))
    const inside = Promise.withResolvers<void>()
    const order: string[] = []
    const first = host.use('demo', async (current) => { await inside.promise; order.push(`first ${current.version}`) })
    const paused = host.pause('demo').then(() => { order.push('paused') })
    const second = host.use('demo', async (current) => { order.push(`second ${current.version}`) })
    inside.resolve()
    await Promise.all([first, paused])
    host.swap('demo', release('2'))
    host.resume('demo')
    await second
    expect(order).toEqual(['first 1', 'paused', 'second 2'])
  })

  test('answers not-found when it is not there, or no longer there, and frees its place', async () => {
    const host = new PluginHost<LoadedRelease>()
    await expect(host.use('demo', async () => 1)).rejects.toMatchObject({ code: 'not-found' })
    host.swap('demo', release('1'))
    await host.pause('demo')
    host.swap('demo', undefined)
    const late = host.use('demo', async () => 1)
    host.resume('demo')
    await expect(late).rejects.toMatchObject({ code: 'not-found' })
    expect(host.all()).toEqual([])
  })

  test('answers why it does not serve when it is installed and withheld, until it serves again', async () => {
    const host = new PluginHost<LoadedRelease>()
    host.swap('demo', release('1'))
    await host.pause('demo')
    const waiting = host.use('demo', async () => 1)
    expect(host.withhold('demo', { name: 'Demo', reason: 'Its files were changed. Repair it.' })?.version).toBe('1')
    host.resume('demo')
    await expect(waiting).rejects.toMatchObject({ code: 'plugin-stopped', message: 'Demo does not run. Its files were changed. Repair it.' })
    expect([...host.withheld().keys()]).toEqual(['demo'])
    host.swap('demo', release('2'))
    expect(await host.use('demo', async (current) => current.version)).toBe('2')
    expect(host.withheld().size).toBe(0)
  })

  test('lets go of callers with not-ready when the pause outlasts its limit', async () => {
    const gate = new Gate(5)
    await gate.pause()
    await expect(gate.enter()).rejects.toMatchObject({ code: 'not-ready' })
    gate.resume()
    const leave = await gate.enter()
    leave()
    leave()
    expect(gate.inFlight).toBe(0)
  })
})
