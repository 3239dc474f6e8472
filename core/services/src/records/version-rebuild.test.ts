import { ReleaseEntities, type Row } from '@opsflux/data'
import { field, type PluginManifest } from '@opsflux/sdk'
import { expect, test } from 'vitest'
import { changesTo, differences, rebuild, type AuditedChange } from './version-rebuild.ts'

const features = { audit: true, comments: false, attachments: false, versions: true, search: false, softDelete: true, customFields: true }
const manifest = {
  id: 'test-works', version: '1.0.0', hooks: {},
  entities: [{ name: 'order', features, fields: { title: field.string(), hours: field.integer(), doubled: field.computed('integer', 'hours * 2'), pin: field.encrypted(), no: field.sequence('{number}'), sites: field.manyToMany('order') } }],
} as unknown as PluginManifest
const entity = new ReleaseEntities(manifest, { seal: (text) => text, open: (text) => text }).entity('order')

const change = (revision: number, changes: AuditedChange['changes'], action = 'update'): AuditedChange => ({ revision, at: `2026-03-0${revision}T00:00:00.000Z`, userId: `user ${revision}`, action, changes })
const current: Row = { id: 'x', revision: 4, updatedAt: 'now', updatedBy: 'user 4', title: 'd', hours: 4, doubled: 8, pin: 'p', no: '1', sites: ['a', 'b'], custom: { badge: 'B-1', gone: 2 }, deletedAt: null, deletedBy: null }
const back = [
  change(4, { title: { from: 'c', to: 'd' }, sites: { from: ['a'], to: ['a', 'b'] } }),
  change(3, { title: { from: 'b', to: 'c' }, hours: { from: null, to: 4 }, custom: { from: {}, to: { badge: 'B-1', gone: 2 } }, removed: { from: 'old field', to: null } }),
  change(2, { title: { from: 'a', to: 'b' }, pin: { from: null, to: '[encrypted]' } }),
  change(1, { title: { from: null, to: 'a' } }, 'create'),
]
const at = (revision: number): Row => rebuild(entity, current, back[4 - revision] ?? change(0, {}), back.slice(0, 4 - revision))

test('the present is the record as it is', () => {
  expect(at(4)).toEqual(current)
})

test('the past has what the changes since took away, and says when and by whom', () => {
  expect(at(3)).toMatchObject({ revision: 3, updatedAt: '2026-03-03T00:00:00.000Z', updatedBy: 'user 3', title: 'c', hours: 4, sites: ['a'], no: '1' })
  expect(at(2)).toMatchObject({ title: 'b', hours: null, custom: {} })
  expect(at(1)).toMatchObject({ title: 'a', pin: null })
})

test('what is not known of then, not declared now, or not for this reader, is left out', () => {
  for (const revision of [1, 2, 3]) expect(Object.keys(at(revision))).not.toEqual(expect.arrayContaining(['doubled']))
  expect(Object.keys(at(2))).not.toContain('removed')
  const { hours: _, ...seen } = current
  expect(Object.keys(rebuild(entity, seen, back[2] ?? change(0, {}), back.slice(0, 2)))).not.toContain('hours')
  const sealed = [change(5, { pin: { from: '[encrypted]', to: '[encrypted]' } })]
  expect(Object.keys(rebuild(entity, current, change(4, {}), sealed))).not.toContain('pin')
  // A title may say so.
  expect(rebuild(entity, current, change(4, {}), [change(5, { title: { from: '[encrypted]', to: 'd' } })])).toMatchObject({ title: '[encrypted]' })
})

test('a record that was in the bin then says so', () => {
  const restored = change(5, {}, 'restore')
  expect(rebuild(entity, current, change(4, {}, 'delete'), [restored])).toMatchObject({ deletedAt: '2026-03-04T00:00:00.000Z', deletedBy: 'user 4' })
})

test('two versions differ in values, not in who made them', () => {
  expect(differences(at(2), at(4))).toEqual({ title: { from: 'b', to: 'd' }, hours: { from: null, to: 4 }, sites: { from: ['a'], to: ['a', 'b'] }, custom: { from: {}, to: { badge: 'B-1', gone: 2 } } })
  expect(differences(at(4), at(4))).toEqual({})
})

test('giving old values again writes what can be written, and empties custom fields that were not there', () => {
  const custom = { ...entity, columns: new Map<string, unknown>([...entity.columns, ['custom.badge', { field: 'custom.badge' }]]) } as unknown as typeof entity
  expect(changesTo(custom, current, at(2))).toEqual({ title: 'b', hours: null, sites: ['a'], custom: { badge: null } })
  expect(changesTo(entity, current, current)).toEqual({})
})
