import { describe, expect, test } from 'vitest'
import { buildPublisher, buildTargets } from './build.ts'
import { generateKeyPair } from './keys.ts'
import { encodeMetadata, parseTargets, signMetadata } from './metadata.ts'
import { isRevokedBy, maxReasonLength, maxRevocations, readRevocations, revocationsOf, type Revocation } from './revocations.ts'

const key = generateKeyPair()
const expires = new Date('2999-01-31T23:59:59Z')
const at = new Date('2026-01-31T23:59:59Z')
const one: Revocation = { id: 'hello-notes', version: '1.0.0', digest: 'a'.repeat(64), reason: 'It loses notes. Take 1.0.1.', at }
const written = { ...one, at: '2026-01-31T23:59:59Z' }

test('revoked releases are read from both roles as they were written and signed', () => {
  const read = (metadata: Parameters<typeof encodeMetadata>[0]) => revocationsOf(parseTargets(encodeMetadata(signMetadata(metadata, [key.privateKeyPem]))).signed)
  expect(read(buildTargets({ version: 1, expires, publishers: [], revoked: [one] }))).toEqual([one])
  expect(read(buildPublisher({ version: 1, expires, releases: [], revoked: [one] }))).toEqual([one])
  expect(read(buildTargets({ version: 1, expires, publishers: [] }))).toEqual([])
})

test('a role without any says nothing of it', () => {
  expect(buildTargets({ version: 1, expires, publishers: [], revoked: [] }).signed.toJSON()).not.toHaveProperty('x-opsflux-revoked')
})

test('as many as are allowed are read, one more is not', () => {
  const many = Array.from({ length: maxRevocations }, (_, number) => ({ ...written, version: `1.0.${number}` }))
  expect(readRevocations(many)).toHaveLength(maxRevocations)
  expect(readRevocations([...many, written])).toMatch(/more than 1000/)
})

test.each<[RegExp, unknown]>([
  [/not a list/, {}], [/not a list/, 'all'], [/not a list/, null], [/exactly the fields/, [null]], [/exactly the fields/, [[]]], [/exactly the fields/, [{ ...written, by: 'me' }]],
  [/exactly the fields/, [{ id: 'hello-notes', version: '1.0.0' }]], [/the id/, [{ ...written, id: '../x' }]], [/the id/, [{ ...written, id: 7 }]],
  [/the version/, [{ ...written, version: '*' }]], [/the version/, [{ ...written, version: 1 }]], [/digest/, [{ ...written, digest: 'A'.repeat(64) }]], [/digest/, [{ ...written, digest: '' }]],
  [/reason/, [{ ...written, reason: '' }]], [/reason/, [{ ...written, reason: '  ' }]], [/reason/, [{ ...written, reason: 'x'.repeat(maxReasonLength + 1) }]], [/reason/, [{ ...written, reason: ['x'] }]],
  [/control/, [{ ...written, reason: 'one\nanother' }]], [/control/, [{ ...written, reason: 'a\u202eb' }]], [/since when/, [{ ...written, at: 'now' }]], [/since when/, [{ ...written, at: 0 }]],
  [/twice/, [written, { ...written, digest: 'b'.repeat(64) }]],
])('no list of revoked releases: %s %j', (message, list) => {
  expect(readRevocations(list)).toMatch(message)
  const role = buildTargets({ version: 1, expires, publishers: [] }).toJSON() as { signed: object }
  expect(() => parseTargets(Buffer.from(JSON.stringify({ ...role, signed: { ...role.signed, 'x-opsflux-revoked': list } })))).toThrow(message)
})

test('what could not be read is not written', () => {
  expect(() => buildPublisher({ version: 1, expires, releases: [], revoked: [{ ...one, reason: 'x'.repeat(501) }] })).toThrow(/reason/)
})

describe('a revocation', () => {
  test('holds for its version, and for its content under another', () => {
    expect(isRevokedBy(one, { id: 'hello-notes', version: '1.0.0' })).toBe(true)
    expect(isRevokedBy(one, { id: 'hello-notes', version: '1.0.0', digest: 'b'.repeat(64) })).toBe(true)
    expect(isRevokedBy(one, { id: 'hello-notes', version: '1.0.1', digest: one.digest })).toBe(true)
  })

  test('holds for no other version, and no other id', () => {
    expect(isRevokedBy(one, { id: 'hello-notes', version: '1.0.1', digest: 'b'.repeat(64) })).toBe(false)
    expect(isRevokedBy(one, { id: 'hello-others', version: '1.0.0', digest: one.digest })).toBe(false)
  })
})
