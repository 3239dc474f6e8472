import { expect, test } from 'vitest'
import { defineEntity, definePlugin, field, route } from '@opsflux/sdk'
import { declaredManifest } from './declaration.ts'

const declared = (parts: object) => declaredManifest(definePlugin({
  id: 'hse-asks', publisher: 'opsflux', name: 'Asks', summary: 'Asks.', icon: 'key', category: 'examples', sdk: '^1.0.0', entities: {}, permissions: [], ...parts,
}).declaration, '1.0.0')

test('what a plugin asks for stands in plugin.json as plain lists, in one order however it was written', () => {
  const manifest = declared({
    capabilities: [{ name: 'http.fetch', reason: 'Weather.', hosts: ['b.example.com', 'a.example.com'] }, { name: 'users.read', reason: 'Names.', required: false }],
    secrets: [{ name: 'apiKey', reason: 'From the weather service.', hosts: ['b.example.com', 'a.example.com'] }, { name: 'other', reason: 'Not needed.', required: false }],
    limits: { memoryMb: 300, callMs: 2000 },
  })
  expect(manifest).toMatchObject({
    capabilities: [{ name: 'http.fetch', reason: 'Weather.', required: true, hosts: ['a.example.com', 'b.example.com'] }, { name: 'users.read', reason: 'Names.', required: false }],
    secrets: [{ name: 'apiKey', reason: 'From the weather service.', required: true, hosts: ['a.example.com', 'b.example.com'] }, { name: 'other', reason: 'Not needed.', required: false }],
  })
  expect(JSON.stringify(manifest.limits)).toBe('{"callMs":2000,"memoryMb":300}')
})

test('a plugin that asks for nothing has neither secrets nor limits', () => {
  expect(Object.keys(declared({ secrets: [], limits: {} }))).not.toContain('secrets')
  expect(Object.keys(declared({}))).not.toContain('limits')
})

const note = defineEntity('note', { fields: { text: field.string({ search: 'A' }) }, features: { comments: true } })

test('from SDK 1.1 on every entity says which features it has; what runs on 1.0 says nothing of them', () => {
  expect(declared({ sdk: '^1.1.0', entities: { note }, hookOrder: { after: ['hse-reports'] } })).toMatchObject({
    entities: [{ name: 'note', features: { audit: true, comments: true, attachments: false, versions: false, search: true, softDelete: true, customFields: true } }], hookOrder: { after: ['hse-reports'] },
  })
  const old = declared({ entities: { note: defineEntity('note', { fields: { text: field.string() } }) } })
  expect(Object.keys(old.entities[0] ?? {})).toEqual(['name', 'fields'])
  expect(() => declared({ entities: { note } })).toThrow(/note: features\n {2}note\.text: search\n[\s\S]*sdk: '\^1\.1\.0'/)
  expect(() => declared({ routes: { one: route({ method: 'GET', path: '/one', query: { at: field.geoPoint() } }) } })).toThrow(/one\.at: the kind geoPoint/)
})
