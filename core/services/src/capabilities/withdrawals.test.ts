import { describe, expect, test } from 'vitest'
import type { CapabilityGrant } from '@opsflux/sdk'
import { leftOf, withdrawalOf } from './withdrawals.ts'

const users = { name: 'users.read' } as const
const mayFetch = (...hosts: string[]): CapabilityGrant => ({ name: 'http.fetch', hosts })
const platform = [users, mayFetch('a.example.com', 'b.example.com')]

describe('an organisation', () => {
  test.each<[string, CapabilityGrant[], CapabilityGrant[]]>([
    ['everything', [...platform], []],
    ['everything, hosts unnamed', [users, { name: 'http.fetch' }], []],
    ['nothing', [], [users, { name: 'http.fetch' }]],
    ['one host', [users, mayFetch('a.example.com')], [mayFetch('b.example.com')]],
  ])('that keeps %s has exactly that', (_what, kept, withdrawn) => {
    expect(withdrawalOf(platform, kept, [])).toEqual(withdrawn)
    expect(leftOf(platform, withdrawn)).toEqual(kept.map((grant) => platform.find(({ name }) => name === grant.name && !grant.hosts) ?? grant))
  })

  test.each<[string, CapabilityGrant[]]>([
    ['a capability the platform has not', [{ name: 'secrets.read' }]],
    ['a host the platform has not', [mayFetch('c.example.com')]],
    ['a wildcard over the platform\'s hosts', [mayFetch('*.example.com')]],
  ])('never gives more: %s', (_what, given) => {
    expect(() => withdrawalOf(platform, given, [])).toThrow(expect.objectContaining({ code: 'validation-failed' }))
  })

  test('cannot take a host back and keep the wildcard that covers it', () => {
    expect(() => withdrawalOf([mayFetch('*.example.com', 'a.example.com')], [mayFetch('*.example.com')], [])).toThrow('wildcard')
    expect(leftOf([mayFetch('*.example.com', 'a.example.com')], withdrawalOf([mayFetch('*.example.com', 'a.example.com')], [mayFetch('a.example.com')], []))).toEqual([mayFetch('a.example.com')])
  })

  test('has no more of a wildcard granted later than of the host it took back', () => {
    expect(leftOf([mayFetch('*.example.com', 'other.example')], [mayFetch('b.example.com')])).toEqual([mayFetch('other.example')])
    expect(leftOf([mayFetch('api.b.example.com')], [mayFetch('*.b.example.com')])).toEqual([mayFetch()])
  })

  test('has the wildcard once it has decided to keep it', () => {
    const wider = [mayFetch('*.example.com', 'other.example')]
    const withdrawn = withdrawalOf(wider, [mayFetch('*.example.com')], [mayFetch('b.example.com')])
    expect(withdrawn).toEqual([mayFetch('other.example')])
    expect(leftOf(wider, withdrawn)).toEqual([mayFetch('*.example.com')])
    expect(withdrawalOf(wider, [mayFetch('other.example')], [mayFetch('b.example.com')])).toEqual([mayFetch('*.example.com', 'b.example.com')])
  })

  test('keeps what it took back when the platform takes it back too and gives it again', () => {
    const withdrawn = withdrawalOf(platform, [mayFetch('a.example.com')], [])
    const meanwhile = withdrawalOf([mayFetch('a.example.com')], [mayFetch('a.example.com')], withdrawn)
    expect(leftOf(platform, meanwhile)).toEqual([mayFetch('a.example.com')])
  })
})
