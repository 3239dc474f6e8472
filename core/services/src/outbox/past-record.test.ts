import { describe, expect, test } from 'vitest'
import type { Row } from '@opsflux/data'
import type { OutboxRow } from './outbox-row.ts'
import { recordAfter } from './past-record.ts'

const row = (revision: number, action: OutboxRow['action'], changes: OutboxRow['payload']['changes'] = {}, record?: Row): OutboxRow => ({
  position: String(revision), tenant_id: 't', entity: 'incident', record_id: 'r', action, revision, user_id: `user ${revision}`, at: new Date(revision * 1000), transition: null,
  payload: { changes, ...(record ? { record } : {}) }, attempts: 0, done: [],
})
const created = row(1, 'create', { title: { from: null, to: 'a' } })
const renamed = row(2, 'update', { title: { from: 'a', to: 'b' }, pin: { from: '[encrypted]', to: '[encrypted]' } })
const closed = row(3, 'transition', { state: { from: 'open', to: 'closed' } })
const now: Row = { id: 'r', revision: 3, title: 'b', state: 'closed', pin: '1', updatedBy: 'user 3', updatedAt: '' }
const since = [closed, renamed, created]

describe('a record as a change left it', () => {
  test('is what it is now without what came after', () => {
    expect(recordAfter(closed, now, since)).toEqual({ ...now, updatedAt: '1970-01-01T00:00:03.000Z' })
    expect(recordAfter(renamed, now, since)).toMatchObject({ revision: 2, title: 'b', state: 'open', updatedBy: 'user 2' })
    // There was one, whatever it was and has become since.
    expect(recordAfter(created, now, since)).toMatchObject({ revision: 1, title: 'a', state: 'open', pin: '[encrypted]' })
  })

  test('does not lose changes that were committed after it was read', () => {
    expect(recordAfter(renamed, { ...now, revision: 2, state: 'open' }, since)).toMatchObject({ title: 'b', state: 'open' })
    // Read before it: nobody can know.
    expect(recordAfter(closed, { ...now, revision: 2 }, since)).toBeUndefined()
  })

  test('of one that is deleted since is made from what it was, also when it came back', () => {
    const deleted = row(4, 'delete', {}, now)
    const restored = row(5, 'restore')
    expect(recordAfter(created, undefined, [deleted, ...since])).toMatchObject({ title: 'a', revision: 1 })
    expect(recordAfter(deleted, undefined, [deleted, ...since])).toEqual(now)
    expect(recordAfter(renamed, { ...now, revision: 5, updatedBy: 'user 5' }, [restored, deleted, ...since])).toMatchObject({ title: 'b', state: 'open', revision: 2 })
    expect(recordAfter(created, undefined, [created])).toBeUndefined()
  })
})
