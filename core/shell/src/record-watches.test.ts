import { describe, expect, test, vi } from 'vitest'
import type { RecordChange, Watched } from '@opsflux/sdk'
import { RecordWatches, type ChangeListener } from './record-watches.ts'

const entity: Watched = { plugin: 'hse-reports', entity: 'incident' }
const change = (id = 'a'): RecordChange => ({ ...entity, id, action: 'update', revision: 2, userId: 'u' })

function scene() {
  const sent: [string, Watched][] = []
  return { sent, watches: new RecordWatches((name, watched) => { sent.push([name, watched]) }) }
}

describe('what pages watch', () => {
  test('is asked of the host once, and ended with the last of them', () => {
    const { sent, watches } = scene()
    const listener = vi.fn<ChangeListener>()
    const ends = [watches.watch(entity, listener), watches.watch(entity, listener)]
    watches.changed(change())
    expect(listener.mock.calls).toEqual([[change()], [change()]])
    ends[0]?.()
    ends[0]?.()
    watches.changed(change())
    expect(listener).toHaveBeenCalledTimes(3)
    ends[1]?.()
    watches.changed(change())
    expect(listener).toHaveBeenCalledTimes(3)
    expect(sent).toEqual([['watch', entity], ['unwatch', entity]])
  })

  test('is one record or all of an entity', () => {
    const { watches } = scene()
    const [one, all, other] = [vi.fn<ChangeListener>(), vi.fn<ChangeListener>(), vi.fn<ChangeListener>()]
    watches.watch({ ...entity, id: 'A' }, one)
    watches.watch(entity, all)
    watches.watch({ plugin: 'hse-reports', entity: 'inspection' }, other)
    watches.changed(change('a'))
    watches.changed(change('b'))
    expect([one, all, other].map((listener) => listener.mock.calls.length)).toEqual([1, 2, 0])
  })

  test('is asked again on a new connection, and may have changed meanwhile', () => {
    const { sent, watches } = scene()
    const listener = vi.fn<ChangeListener>()
    watches.watch(entity, listener)
    watches.connected()
    expect(listener).not.toHaveBeenCalled()
    watches.lost()
    watches.connected()
    expect(sent).toEqual([['watch', entity], ['watch', entity], ['watch', entity]])
    expect(listener.mock.calls).toEqual([[undefined]])
  })

  test('is told to all, though a listener fails', () => {
    const { watches } = scene()
    const quiet = vi.spyOn(console, 'error').mockImplementation(() => undefined)
    const listener = vi.fn<ChangeListener>()
    watches.watch(entity, () => { throw new Error('mine') })
    watches.watch(entity, listener)
    watches.missed()
    expect(listener).toHaveBeenCalledOnce()
    quiet.mockRestore()
  })
})
