import { describe, expect, test } from 'vitest'
import { orderHooks, type HookPlace } from './hook-order.ts'

const place = (pluginId: string, words: Partial<HookPlace> = {}): HookPlace => ({ pluginId, after: [], before: [], ...words })

describe('hooks of several plugins on one event', () => {
  test('run with the own plugin first and then by id, when nobody says a word', () => {
    expect(orderHooks('hse', [place('zeta'), place('hse'), place('alpha')])).toEqual({ order: ['hse', 'alpha', 'zeta'] })
    expect(orderHooks('hse', [place('zeta'), place('alpha')])).toEqual({ order: ['alpha', 'zeta'] })
    expect(orderHooks('hse', [])).toEqual({ order: [] })
  })

  test('run after those they name, and before those they name', () => {
    expect(orderHooks('hse', [place('alpha', { after: ['zeta'] }), place('hse'), place('zeta')]).order).toEqual(['hse', 'zeta', 'alpha'])
    expect(orderHooks('hse', [place('alpha'), place('hse'), place('zeta', { before: ['alpha'] })]).order).toEqual(['hse', 'zeta', 'alpha'])
  })

  test('run before the own plugin only when they ask for it, through others or not', () => {
    expect(orderHooks('hse', [place('alpha'), place('hse'), place('zeta', { before: ['hse'] })]).order).toEqual(['zeta', 'hse', 'alpha'])
    expect(orderHooks('hse', [place('alpha'), place('hse', { after: ['zeta'] }), place('yara', { before: ['zeta'] }), place('zeta')]).order).toEqual(['yara', 'zeta', 'hse', 'alpha'])
  })

  test('are not moved by words about plugins that do not take part', () => {
    expect(orderHooks('hse', [place('alpha', { after: ['absent'], before: ['gone'] }), place('hse')])).toEqual({ order: ['hse', 'alpha'] })
  })

  test('that wait for each other are named, and run in the usual order', () => {
    const { order, cycle } = orderHooks('hse', [place('alpha', { after: ['beta'] }), place('beta', { after: ['gamma'] }), place('gamma', { after: ['alpha'] }), place('hse'), place('delta', { after: ['alpha'] })])
    expect(order).toEqual(['hse', 'alpha', 'beta', 'delta', 'gamma'])
    expect(cycle).toEqual(['alpha', 'beta', 'gamma'])
    expect(orderHooks('hse', [place('alpha', { after: ['alpha'] }), place('hse')]).cycle).toEqual(['alpha'])
    expect(orderHooks('hse', [place('alpha', { before: ['hse'] }), place('hse', { before: ['alpha'] })]).cycle).toHaveLength(2)
  })
})
