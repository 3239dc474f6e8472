import { expect, test } from 'vitest'
import { definePlugin } from '@opsflux/sdk'
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
