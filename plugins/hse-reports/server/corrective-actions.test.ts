import { expect, test } from 'vitest'
import { checkedAction, refuseOpenActions } from './corrective-actions.ts'
import { openActions } from './open-actions.ts'

const call = { now: '2026-06-15T10:00:00.000Z', user: { locale: 'en' } }

test('an action is due today or later, wherever on earth today is', () => {
  expect(checkedAction({ title: '  Fit  a guard ', due: '2026-06-14' }, call)).toEqual({ title: 'Fit a guard', due: '2026-06-14' })
  expect(() => checkedAction({ title: 'x', due: '2026-06-13' }, call)).toThrow('due date')
})

test('an incident with open actions is not closed', async () => {
  const withOpen = (count: number) => ({ db: { correctiveAction: { count: async () => count } }, user: { id: '', locale: 'en' } }) as unknown as Parameters<typeof refuseOpenActions>[1]
  await expect(refuseOpenActions('a', withOpen(1))).rejects.toMatchObject({ code: 'refused-by-module' })
  await expect(refuseOpenActions('a', withOpen(0))).resolves.toBeUndefined()
})

test('open actions carry names only when the module may read them', async () => {
  const actions = [{ id: '1', incident: 'i', title: 'Guard', owner: 'u', due: '2026-06-01' }, { id: '2', incident: 'i', title: 'Sign', owner: 'gone', due: '2026-06-15' }]
  let asked = 0
  const context = (granted: boolean) => ({
    db: { correctiveAction: { find: async () => actions } }, now: call.now, can: () => granted,
    users: { names: async () => { asked += 1; return { u: 'Ada' } } },
  }) as unknown as Parameters<typeof openActions>[1]
  const [first, second] = await openActions({}, context(true))
  expect([first?.ownerName, first?.overdue, second?.ownerName, second?.overdue]).toEqual(['Ada', true, undefined, false])
  expect((await openActions({}, context(false))).every((action) => !('ownerName' in action))).toBe(true)
  expect(asked).toBe(1)
})
