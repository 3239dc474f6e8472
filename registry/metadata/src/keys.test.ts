import { createHash, generateKeyPairSync } from 'node:crypto'
import { expect, test } from 'vitest'
import { buildPublisher, buildTargets } from './build.ts'
import { generateKeyPair, keyIdOf, publicKeyOf, signBytes, tufKeyOf, verifyBytes } from './keys.ts'
import { encodeMetadata, parseTargets, signMetadata } from './metadata.ts'

const pair = generateKeyPair()
const bytes = Buffer.from('what is signed')

test('a key has one id, whether it is given as PEM or as the hexadecimal of the metadata', () => {
  const hex = tufKeyOf(pair.publicKeyPem).keyVal['public'] ?? ''
  expect(hex).toMatch(/^[0-9a-f]{64}$/)
  expect([keyIdOf(hex), keyIdOf(publicKeyOf(pair.privateKeyPem))]).toEqual([pair.keyid, pair.keyid])
})

test('a key id is the SHA-256 of the canonical JSON of the key (TUF 4.2)', () => {
  const hex = '00'.repeat(32)
  const canonical = `{"keytype":"ed25519","keyval":{"public":"${hex}"},"scheme":"ed25519"}`
  expect(keyIdOf(hex)).toBe(createHash('sha256').update(canonical).digest('hex'))
})

test('a signature holds for its bytes and its key alone', () => {
  const signature = signBytes(pair.privateKeyPem, bytes)
  expect(verifyBytes(pair.publicKeyPem, bytes, signature)).toBe(true)
  expect(verifyBytes(pair.publicKeyPem, Buffer.from('something else'), signature)).toBe(false)
  expect(verifyBytes(generateKeyPair().publicKeyPem, bytes, signature)).toBe(false)
})

test.each(['', '00', 'g'.repeat(128), 'A'.repeat(128)])('the signature %j is wrong and no fault', (signature) => {
  expect(verifyBytes(pair.publicKeyPem, bytes, signature)).toBe(false)
})

test('only Ed25519 keys are taken, and what is no key is named', () => {
  const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 })
  const pem = rsa.privateKey.export({ type: 'pkcs8', format: 'pem' }).toString()
  expect(() => signBytes(pem, bytes)).toThrow(/of type rsa; only Ed25519/)
  expect(() => keyIdOf('no key')).toThrow(/cannot be read/)
  expect(verifyBytes('no key', bytes, '0'.repeat(128))).toBe(false)
})

test('metadata that was signed, stored and read again verifies by its delegation', () => {
  const expires = new Date('2999-01-01T00:00:00Z')
  const targets = buildTargets({ version: 1, expires, publishers: [{ name: 'hello', prefixes: ['hello-'], publicKeys: [pair.publicKeyPem] }] })
  const role = signMetadata(buildPublisher({ version: 1, expires, releases: [] }), [pair.privateKeyPem])
  const read = parseTargets(encodeMetadata(role))
  expect(() => targets.verifyDelegate('publisher-hello', read)).not.toThrow()
  expect(() => targets.verifyDelegate('publisher-hello', signMetadata(read, [generateKeyPair().privateKeyPem]))).toThrow()
})
