import { describe, expect, test } from 'vitest'
import { archiveNameOf, buildPublisher, buildRoot, buildSnapshot, buildTargets, buildTimestamp, describeFile } from './build.ts'
import { readStrictJson } from './json-text.ts'
import { generateKeyPair } from './keys.ts'
import { checkMetadata, encodeMetadata, parseTargets, signMetadata, type AnyMetadata } from './metadata.ts'
import { archiveRoleOf, maxArchives, publisherOfArchive, publisherOfRole } from './names.ts'

const key = generateKeyPair()
const other = generateKeyPair()
const expires = new Date('2999-01-31T23:59:59Z')
const header = { version: 1, expires }
const keys = { root: { publicKeys: [key.publicKeyPem] }, targets: { publicKeys: [key.publicKeyPem] }, snapshot: { publicKeys: [key.publicKeyPem] }, timestamp: { publicKeys: [key.publicKeyPem] } }
const file = describeFile(1, Buffer.from('x'))
const publisher = { name: 'hello', prefixes: ['hello-'], publicKeys: [key.publicKeyPem] }
const roles = {
  root: buildRoot({ ...header, keys }), targets: buildTargets({ ...header, publishers: [publisher] }),
  snapshot: buildSnapshot({ ...header, files: { targets: file } }), timestamp: buildTimestamp({ ...header, snapshot: file }),
}
type Kind = keyof typeof roles
type Parts = Record<string, Record<string, never>>

const bytesOf = (metadata: AnyMetadata): Buffer => encodeMetadata(signMetadata(metadata, [key.privateKeyPem]))
const changed = (kind: Kind, change: (signed: Parts, all: { signatures: { keyid: string; sig: string }[] }) => void): Buffer => {
  const all = JSON.parse(bytesOf(roles[kind]).toString()) as { signed: Parts; signatures: { keyid: string; sig: string }[] }
  change(all.signed, all)
  return Buffer.from(JSON.stringify(all))
}
const set = (path: string, value: unknown) => (signed: Parts): void => {
  const names = path.split('/')
  const last = names.pop() ?? ''
  const place = names.reduce<Record<string, unknown>>((object, name) => object[name] as Record<string, unknown>, signed)
  if (value === undefined) delete place[last]
  else Object.defineProperty(place, last, { value, enumerable: true, configurable: true, writable: true })
}

test('each role is read as it is built', () => {
  for (const kind of ['root', 'targets', 'snapshot', 'timestamp'] as const) expect(() => checkMetadata(bytesOf(roles[kind]), kind)).not.toThrow()
})

describe('JSON is refused before it is parsed', () => {
  test('when it is nested deeply, however deep', () => {
    for (const depth of [17, 1_000, 900_000]) expect(() => readStrictJson(Buffer.from(`${'['.repeat(depth)}${']'.repeat(depth)}`))).toThrow(/nested/)
    for (const depth of [17, 100_000]) expect(() => readStrictJson(Buffer.from(`${'{"a":'.repeat(depth)}1${'}'.repeat(depth)}`))).toThrow(/nested/)
    expect(() => readStrictJson(Buffer.from(`${'['.repeat(1_000_000)}`))).toThrow(/nested/)
  })

  test('when it has very many parts', () => {
    expect(() => readStrictJson(Buffer.from(`[${'1,'.repeat(300_000)}1]`))).toThrow(/parts/)
    expect(() => readStrictJson(Buffer.from(`[${'[],'.repeat(100_000)}1]`))).toThrow(/parts/)
  })

  test('but not for what stands in its strings', () => {
    const value = { a: '[[[[[[[[[[[[[[[[[[[[[[[[[[', b: '":":":"', 'c:': '\\', d: '{"x":{"y":"\\""}}' }
    expect(readStrictJson(Buffer.from(JSON.stringify(value)))).toEqual(value)
  })
})

test.each(['{"a":1,"a":2}', '{"a":1,"\\u0061":1}', '{"x":[{"b":{"a":1,"a":1}}]}', '{"a":{},"b":1,"a":{}}'])('a key that stands twice is refused: %s', (text) => {
  expect(() => readStrictJson(Buffer.from(text))).toThrow(/twice/)
})

test.each([['{"__proto__":1}'], ['{"a":{"\\u005f_proto__":{}}}']])('the key __proto__ is refused: %s', (text) => {
  expect(() => readStrictJson(Buffer.from(text))).toThrow(/__proto__/)
})

test.each([Buffer.from([0xff, 0xfe]), Buffer.from('\ufeff{}'), Buffer.from('{}x'), Buffer.from("{'a':1}"), Buffer.from('{"a":NaN}'), Buffer.from('{"a":01}'), Buffer.from('')])('%s is no JSON', (bytes) => {
  expect(() => readStrictJson(bytes)).toThrow(/not JSON/)
})

describe('metadata is refused when', () => {
  const hex = (digit: string): string => digit.repeat(64)
  const [keyid = ''] = Object.keys(roles.root.signed.keys)
  const foreign = { keytype: 'ed25519', scheme: 'ed25519', keyval: { public: hex('0') } }
  test.each<[string, Kind, RegExp, (signed: Parts) => void]>([
    ['a version is text', 'targets', /version/, set('version', '1')],
    ['a version is no number of JavaScript', 'targets', /version/, set('version', 2 ** 60)],
    ['a version is a fraction', 'snapshot', /version/, set('version', 1.5)],
    ['it expires in the year 10000', 'targets', /expiry/, set('expires', '+010000-01-01T00:00:00Z')],
    ['it expires in the year 99999', 'targets', /expiry/, set('expires', '99999-01-01T00:00:00Z')],
    ['it expires on the 31st of June', 'targets', /expiry/, set('expires', '2026-06-31T00:00:00Z')],
    ['it expires at a leap second', 'targets', /expiry/, set('expires', '2026-06-30T23:59:60Z')],
    ['its expiry is a list', 'targets', /expiry/, set('expires', ['2999-01-01T00:00:00Z'])],
    ['a key has an id that is not its own', 'root', /own id/, set(`keys/${hex('1')}`, foreign)],
    ['a key is of another kind', 'root', /own id/, set(`keys/${keyid}/keytype`, 'rsa')],
    ['a key is written in capitals', 'root', /own id/, set(`keys/${keyid}/keyval/public`, hex('A'))],
    ['a key says more than a key does', 'root', /own id/, set(`keys/${keyid}/extra`, 1)],
    ['a delegated key has an id that is not its own', 'targets', /own id/, set(`delegations/keys/${hex('1')}`, foreign)],
    ['it has thousands of keys', 'root', /more than 2000 keys/, set('keys', Object.fromEntries(Array.from({ length: 2_001 }, (_, at) => [String(at), {}])))],
    ['it delegates to thousands', 'targets', /more than 1000 roles/, set('delegations/roles', Array.from({ length: 1_001 }, () => ({})))],
    ['its delegations are a list', 'targets', /delegations/, set('delegations', [])],
    ['its delegated roles are an object', 'targets', /list/, set('delegations/roles', {})],
    ['a threshold is 0', 'root', /threshold/, set('roles/root/threshold', 0)],
    ['a threshold is text', 'root', /threshold/, set('roles/root/threshold', '1')],
    ['a delegated threshold is a fraction', 'targets', /threshold/, set('delegations/roles/0/threshold', 0.5)],
    ['a snapshot lists thousands of files', 'snapshot', /more than 2000 files/, set('meta', Object.fromEntries(Array.from({ length: 2_001 }, (_, at) => [String(at), {}])))],
    ['a timestamp lists two files', 'timestamp', /more than 1 files/, set('meta/other.json', file.toJSON())],
    ['a file is listed without a digest', 'snapshot', /SHA-256/, set('meta/targets.json/hashes', undefined)],
    ['a file is listed with no digest', 'snapshot', /SHA-256/, set('meta/targets.json/hashes', {})],
    ['a file is listed with a weak digest', 'timestamp', /SHA-256/, set('meta/snapshot.json/hashes', { md5: 'a'.repeat(32) })],
    ['a file is listed with another digest beside', 'timestamp', /SHA-256/, set('meta/snapshot.json/hashes/sha512', 'x')],
    ['a file is listed without a length', 'timestamp', /SHA-256/, set('meta/snapshot.json/length', undefined)],
    ['a file is listed with a version that is text', 'snapshot', /version/, set('meta/targets.json/version', '9')],
    ['a file is listed with an immense version', 'snapshot', /version/, set('meta/targets.json/version', 1e300)],
    ['it revokes in another form', 'targets', /revoked releases/, set('x-opsflux-revoked', { all: true })],
  ])('%s', (_, kind, message, change) => {
    expect(() => checkMetadata(changed(kind, change), kind)).toThrow(message)
  })

  test('one key has signed it twice', () => {
    expect(() => checkMetadata(changed('root', (_, all) => { all.signatures.push(...all.signatures) }), 'root')).toThrow(/twice/)
  })

  test('it has very many signatures, or what is none', () => {
    const many = Array.from({ length: 65 }, (_, at) => ({ keyid: at.toString(16).padStart(64, '0'), sig: '' }))
    expect(() => checkMetadata(changed('root', (_, all) => { all.signatures = many }), 'root')).toThrow(/at most 64/)
    for (const signature of [null, {}, { keyid: '__proto__', sig: '' }, { keyid: key.keyid, sig: 'x'.repeat(2_000) }, { keyid: key.keyid, sig: 7 }]) {
      expect(() => checkMetadata(changed('root', (_, all) => { all.signatures = [signature as never] }), 'root')).toThrow(/form/)
    }
  })
})

describe('archives of a publisher', () => {
  const names = [archiveRoleOf('hello', 1), archiveRoleOf('hello', 2)]

  test('are numbered after its role, and are roles of no publisher', () => {
    expect(names).toEqual(['publisher-hello.1', 'publisher-hello.2'])
    expect(names.map(publisherOfArchive)).toEqual([{ publisher: 'hello', number: 1 }, { publisher: 'hello', number: 2 }])
    expect(names.map(publisherOfRole)).toEqual([undefined, undefined])
  })

  test.each(['publisher-hello', 'publisher-hello.0', 'publisher-hello.01', 'publisher-hello.1.1', 'publisher-hello.x', 'publisher-../x.1', 'publisher-.1', 'targets.1', 'publisher-héllo.1', 'publisher-hello/1.1', `publisher-hello.${maxArchives + 1}`])(
    '%s is none', (role) => expect(publisherOfArchive(role)).toBeUndefined(),
  )

  test('are delegated to without ending the search, for the publisher\'s own paths and keys', () => {
    const role = parseTargets(bytesOf(buildPublisher({ ...header, releases: [], archives: { publisher, count: 2 } })))
    expect(Object.values(role.signed.delegations?.roles ?? {}).map((one) => one.toJSON())).toEqual(names.map((name) => (
      { name, terminating: false, threshold: 1, keyids: [key.keyid], paths: ['hello-*/*'] })))
    const archive = buildPublisher({ ...header, releases: [], role: 'publisher-hello.1' })
    expect(archiveNameOf(parseTargets(bytesOf(archive)).signed)).toBe('publisher-hello.1')
    expect(() => role.verifyDelegate('publisher-hello.1', signMetadata(archive, [key.privateKeyPem]))).not.toThrow()
    expect(() => role.verifyDelegate('publisher-hello.1', signMetadata(archive, [other.privateKeyPem]))).toThrow()
  })

  test('are none until there are some', () => {
    expect(buildPublisher({ ...header, releases: [], archives: { publisher, count: 0 } }).signed.delegations).toBeUndefined()
  })
})
