import { TargetFile } from '@tufjs/models'
import { describe, expect, test } from 'vitest'
import { buildPublisher, buildRelease, describeFile } from './build.ts'
import { formatExpiry, isHalfSpent, parseExpiry, secondsAfter } from './dates.ts'
import { generateKeyPair } from './keys.ts'
import { checkMetadata, encodeMetadata, maxMetadataBytes, signMetadata } from './metadata.ts'
import { maxPackageBytes, readRelease } from './releases.ts'
import { maxTargetsPerRole } from './shape.ts'

const key = generateKeyPair()
const expires = new Date('2999-01-31T23:59:59Z')
const entry = { id: 'hello-notes', version: '1.0.0', sdk: '^1.0.0', digest: 'a'.repeat(64), size: 10, publishedAt: new Date('2026-01-01T00:00:00Z') }
const role = (count: number): Buffer => encodeMetadata(signMetadata(buildPublisher({ version: 1, expires, releases: Array.from({ length: count }, (_, at) => buildRelease({ ...entry, version: `1.0.${at}` })) }), [key.privateKeyPem]))
const changed = (change: object): Buffer => {
  const { signed, signatures } = JSON.parse(role(1).toString()) as { signed: object; signatures: object[] }
  return Buffer.from(JSON.stringify({ signed: { ...signed, ...change }, signatures }))
}

describe('metadata is read', () => {
  test('in its own form, up to 500 releases', () => {
    expect(() => checkMetadata(role(maxTargetsPerRole), 'targets')).not.toThrow()
    expect(() => checkMetadata(role(maxTargetsPerRole + 1), 'targets')).toThrow(/more than 500 releases/)
  })

  test.each<[RegExp, object]>([
    [/expiry/, { expires: 'never' }], [/expiry/, { expires: '2999' }], [/expiry/, { expires: null }],
    [/version/, { version: 0 }], [/version/, { version: 1.5 }], [/version/, { version: '1' }], [/version/, { version: 2 ** 53 }],
    [/says it is root/, { _type: 'root' }],
  ])('never when %s is wrong: %j', (message, change) => {
    expect(() => checkMetadata(changed(change), 'targets')).toThrow(message)
  })

  test.each<[RegExp, Buffer]>([
    [/not JSON/, Buffer.from('{')], [/not JSON/, Buffer.from([0x22, 0xff, 0x22])], [/no signed part/, Buffer.from('[]')], [/no signed part/, Buffer.from('{"signed":[]}')],
    [/longer than/, Buffer.alloc(maxMetadataBytes.timestamp + 1)],
  ])('never when it is %s', (message, bytes) => {
    expect(() => checkMetadata(bytes, 'timestamp')).toThrow(message)
  })
})

describe('an expiry', () => {
  test('is read as it is written', () => {
    expect(parseExpiry(formatExpiry(expires))).toEqual(expires)
    expect(formatExpiry(new Date('2026-01-01T00:00:00.999Z'))).toBe('2026-01-01T00:00:00Z')
  })

  test.each(['never', '', '2026', '2026-01-01', '2026-01-01T00:00:00', '2026-01-01T00:00:00+00:00', '2026-02-30T00:00:00Z', '2026-01-01T24:00:00Z', ' 2026-01-01T00:00:00Z', '2026-01-01T00:00:00Z\n', 7, null, undefined])(
    '%j is none', (text) => expect(parseExpiry(text)).toBeUndefined(),
  )

  test('is half spent when less than half is left', () => {
    const now = new Date('2026-01-01T00:00:00Z')
    expect([isHalfSpent(secondsAfter(now, 50), 100, now), isHalfSpent(secondsAfter(now, 49), 100, now)]).toEqual([false, true])
  })
})

describe('a release', () => {
  test('is read as it was written', () => expect(readRelease(buildRelease(entry))).toEqual(entry))

  const target = buildRelease(entry)
  const { custom } = target
  const plain = { path: target.path, length: target.length, hashes: target.hashes, unrecognizedFields: target.unrecognizedFields }
  test.each<[RegExp, Partial<typeof plain>]>([
    [/path/, { path: '../hello-notes-1.0.0.tgz' }],
    [/differs from its path/, { path: 'hello-notes/hello-notes-1.0.1.tgz' }],
    [/SDK/, { unrecognizedFields: { custom: { id: 'hello-notes', version: '1.0.0', publishedAt: '2026-01-01T00:00:00Z' } } }],
    [/published/, { unrecognizedFields: { custom: { id: 'hello-notes', version: '1.0.0', sdk: '^1.0.0', publishedAt: 'today' } } }],
    [/differs from its path/, { unrecognizedFields: {} }],
    [/SHA-256/, { hashes: {} }], [/SHA-256/, { hashes: { sha1: 'a'.repeat(40) } }], [/SHA-256/, { hashes: { sha256: 'A'.repeat(64) } }], [/SHA-256/, { hashes: { sha256: entry.digest, sha512: 'a' } }],
    [/size/, { length: 0 }], [/size/, { length: maxPackageBytes + 1 }], [/size/, { length: 1.5 }],
  ])('is none when %s is wrong: %j', (message, change) => {
    expect(readRelease(new TargetFile({ ...plain, ...change }))).toMatch(message)
  })

  test('carries no more than what is known of it', () => expect(Object.keys(custom).toSorted()).toEqual(['id', 'publishedAt', 'sdk', 'version']))
})

test('a file is described by version, length and SHA-256', () => {
  expect(describeFile(3, Buffer.from('abc')).toJSON()).toEqual({ version: 3, length: 3, hashes: { sha256: 'ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad' } })
})
