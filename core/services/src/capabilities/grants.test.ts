import { describe, expect, test } from 'vitest'
import type { CapabilityEntry, CapabilityGrant } from '@opsflux/sdk'
import { complete, grantsAfter, grantsBack, newlyAsked, readGrants } from './grants.ts'
import { coversHost } from './hosts.ts'

const users = (required = false): CapabilityEntry => ({ name: 'users.read', reason: 'Names', required })
const fetching = (hosts: string[], required = true): CapabilityEntry => ({ name: 'http.fetch', reason: 'Weather', required, hosts })
const mayFetch = (...hosts: string[]): CapabilityGrant => ({ name: 'http.fetch', hosts })
const nonePrivate = (): boolean => false

describe('hosts', () => {
  test.each([
    ['api.example.com', 'api.example.com', true],
    ['*.example.com', 'api.example.com', true],
    ['*.example.com', 'a.b.example.com', true],
    ['*.example.com', '*.b.example.com', true],
    ['*.example.com', 'example.com', false],
    ['*.example.com', 'badexample.com', false],
    ['*.example.com', '*.com', false],
    ['api.example.com', 'api.example.com:8443', false],
    ['*.example.com:8443', 'api.example.com:8443', true],
    ['*.example.com', 'api.example.com:8443', false],
    ['*.b.example.com', '*.example.com', false],
  ])('%s covers %s: %s', (pattern, host, isCovered) => {
    expect(coversHost(pattern, host)).toBe(isCovered)
  })
})

describe('what an admin grants', () => {
  test('is taken in the order asked for, hosts once each, in lower case and without the port they have anyway', () => {
    expect(readGrants([mayFetch('B.example.com:443', 'a.example.com', 'b.example.com'), { name: 'users.read' }], [users(), fetching([])], nonePrivate))
      .toEqual([{ name: 'users.read' }, mayFetch('a.example.com', 'b.example.com')])
  })

  test('may name hosts of one\'s own network where the platform\'s setting lists them', () => {
    const grant = [mayFetch('10.0.0.7:8080', 'erp.intranet')]
    expect(readGrants(grant, [fetching([])], (host) => ['10.0.0.7:8080', 'erp.intranet'].includes(host))).toEqual(grant)
    expect(() => readGrants(grant, [fetching([])], nonePrivate)).toThrow('10.0.0.7:8080')
  })

  test.each<[string, CapabilityGrant[]]>([
    ['a capability that is not asked for', [{ name: 'secrets.read' }]],
    ['the same twice', [{ name: 'users.read' }, { name: 'users.read' }]],
    ['hosts of what has none', [{ name: 'users.read', hosts: ['a.example.com'] }]],
    ['every host there is', [mayFetch('*')]],
    ['a whole top-level domain', [mayFetch('*.com')]],
    ['an address', [mayFetch('127.0.0.1')]],
    ['an address in brackets', [mayFetch('[::1]')]],
    ['an address in decimal', [mayFetch('2130706433')]],
    ['this very machine', [mayFetch('localhost')]],
    ['a URL', [mayFetch('https://a.example.com')]],
    ['a path', [mayFetch('a.example.com/x')]],
    ['someone else\'s name in front', [mayFetch('a.example.com@evil.example')]],
    ['no port there is', [mayFetch('a.example.com:65536')]],
    ['an empty host', [mayFetch('')]],
    ['two hosts in one', [mayFetch('a.example.com b.example.com')]],
    ['a line break', [mayFetch('a.example.com\n.evil.example')]],
  ])('is refused when it is %s', (_what, grant) => {
    expect(() => readGrants(grant, [users(), fetching(['a.example.com'])], nonePrivate)).toThrow(expect.objectContaining({ code: 'validation-failed' }))
  })

  test('keeps the hosts asked for when it names none', () => {
    expect(complete([{ name: 'http.fetch' }, { name: 'users.read' }], [users(), fetching(['a.example.com'])])).toEqual([mayFetch('a.example.com'), { name: 'users.read' }])
  })
})

describe('a first installation', () => {
  test('grants what is required with the hosts asked for, and what is optional by a tick', () => {
    expect(grantsAfter([users(), fetching(['b.example.com', 'a.example.com'])], undefined, [])).toEqual([mayFetch('a.example.com', 'b.example.com')])
    expect(grantsAfter([users(), fetching(['a.example.com'], false)], undefined, [{ name: 'users.read' }])).toEqual([{ name: 'users.read' }])
  })

  test('grants the hosts that the admin names instead of those asked for', () => {
    expect(grantsAfter([fetching(['a.example.com', 'b.example.com'])], undefined, [mayFetch('a.example.com')])).toEqual([mayFetch('a.example.com')])
    expect(grantsAfter([fetching([])], undefined, [mayFetch('mine.example.com')])).toEqual([mayFetch('mine.example.com')])
    expect(grantsAfter([fetching(['a.example.com'])], undefined, [mayFetch()])).toEqual([mayFetch()])
  })
})

describe('an update', () => {
  const before = { asked: [users(), fetching(['a.example.com', 'b.example.com'])], granted: [mayFetch('a.example.com')] }

  test('that asks for nothing more keeps what was narrowed as narrow', () => {
    expect(newlyAsked(before.asked, before)).toEqual([])
    expect(grantsAfter(before.asked, before, [])).toEqual(before.granted)
  })

  test('that wants more hosts asks for these alone and adds them to what is left', () => {
    const asked = [users(), fetching(['a.example.com', 'b.example.com', 'c.example.com'])]
    expect(newlyAsked(asked, before)).toEqual([fetching(['c.example.com'])])
    expect(grantsAfter(asked, before, [])).toEqual([mayFetch('a.example.com', 'c.example.com')])
    expect(grantsAfter(asked, before, [mayFetch('d.example.com')])).toEqual([mayFetch('a.example.com', 'd.example.com')])
  })

  test('that merely could have more hosts does not get them without a tick', () => {
    const optional = { asked: [fetching(['a.example.com'], false)], granted: [mayFetch('a.example.com')] }
    const asked = [fetching(['a.example.com', 'c.example.com'], false)]
    expect(newlyAsked(asked, optional)).toEqual([fetching(['c.example.com'], false)])
    expect(grantsAfter(asked, optional, [])).toEqual([mayFetch('a.example.com')])
    expect(grantsAfter(asked, optional, [{ name: 'http.fetch' }])).toEqual([mayFetch('a.example.com', 'c.example.com')])
  })

  test('does not give back a required capability that was taken back, even when it asks for more hosts', () => {
    const revoked = { asked: before.asked, granted: [] }
    expect(grantsAfter(before.asked, revoked, [])).toEqual([])
    expect(grantsAfter([users(), fetching(['a.example.com', 'c.example.com'])], revoked, [])).toEqual([mayFetch('c.example.com')])
  })

  test('asks anew for what was optional, was not granted and is required now', () => {
    expect(newlyAsked([users(true), fetching(['a.example.com'])], before)).toEqual([users(true)])
    expect(grantsAfter([users(true)], before, [])).toEqual([{ name: 'users.read' }])
  })

  test('lets what is no longer asked for lapse, and keeps hosts an admin named on their own', () => {
    const own = { asked: [fetching(['a.example.com', 'b.example.com'])], granted: [mayFetch('a.example.com', 'b.example.com', 'mine.example.com')] }
    expect(grantsAfter([fetching(['a.example.com'])], own, [])).toEqual([mayFetch('a.example.com', 'mine.example.com')])
    expect(grantsAfter([users()], own, [])).toEqual([])
  })

  test('from a wildcard to names within it keeps those that were within the grant', () => {
    const wide = { asked: [fetching(['*.example.com'])], granted: [mayFetch('*.example.com')] }
    expect(newlyAsked([fetching(['api.example.com'])], wide)).toEqual([])
    expect(grantsAfter([fetching(['api.example.com'])], wide, [])).toEqual([mayFetch('api.example.com')])
    expect(grantsAfter([fetching(['api.example.com'])], { ...wide, granted: [mayFetch('other.example.com')] }, [])).toEqual([mayFetch()])
  })

  test('from names to a wildcard asks for the wildcard', () => {
    expect(newlyAsked([fetching(['*.example.com'])], before)).toEqual([fetching(['*.example.com'])])
  })
})

describe('the way back', () => {
  const asked = [users(), fetching(['a.example.com', 'b.example.com'])]
  const then = [{ name: 'users.read' as const }, mayFetch('a.example.com', 'b.example.com', 'mine.example.com')]

  test('grants what was granted then', () => {
    expect(grantsBack(asked, { asked, granted: then }, then, [])).toEqual(then)
  })

  test('does not widen what was narrowed since', () => {
    expect(grantsBack(asked, { asked, granted: [mayFetch('b.example.com')] }, then, [])).toEqual([mayFetch('b.example.com')])
  })

  test('grants nothing that was granted only since', () => {
    expect(grantsBack(asked, { asked, granted: then }, [mayFetch('a.example.com')], [])).toEqual([mayFetch('a.example.com')])
  })

  test('grants again what the later release had let lapse', () => {
    expect(grantsBack(asked, { asked: [], granted: [] }, then, [])).toEqual(then)
    expect(grantsBack(asked, { asked: [fetching(['a.example.com'])], granted: [mayFetch('a.example.com', 'mine.example.com')] }, then, [])).toEqual(then)
    expect(grantsBack(asked, { asked: [fetching(['a.example.com'])], granted: [mayFetch('a.example.com')] }, [mayFetch('a.example.com', 'mine.example.com')], [])).toEqual([mayFetch('a.example.com')])
  })

  test('grants what is ticked now', () => {
    expect(grantsBack(asked, { asked: [], granted: [] }, [], [{ name: 'users.read' }])).toEqual([{ name: 'users.read' }])
  })
})
