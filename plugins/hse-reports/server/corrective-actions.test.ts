import { expect, test } from 'vitest'
import { checkedAction, refuseOpenActions } from './corrective-actions.ts'

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
