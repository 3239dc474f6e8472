import { createHash, createPrivateKey, createPublicKey, generateKeyPairSync, sign, verify } from 'node:crypto'
import type { KeyObject } from 'node:crypto'
import { canonicalize } from '@tufjs/canonical-json'
import { Key } from '@tufjs/models'
import { OpsFluxError } from '@opsflux/sdk'

/** An Ed25519 key pair: private PEM is PKCS#8, public PEM is SPKI. */
export interface KeyPair {
  privateKeyPem: string
  publicKeyPem: string
  keyid: string
}

/** A public key as metadata carries it: 64 hexadecimal digits. */
export interface PublicKey {
  keyid: string
  publicKey: string
}

export function generateKeyPair(): KeyPair {
  const { privateKey, publicKey } = generateKeyPairSync('ed25519')
  const publicKeyPem = publicKey.export({ type: 'spki', format: 'pem' }).toString()
  return { privateKeyPem: privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(), publicKeyPem, keyid: keyIdOf(publicKeyPem) }
}

/** The public PEM that belongs to a private PEM. @throws invalid-request */
export function publicKeyOf(privateKeyPem: string): string {
  return createPublicKey(privateKeyFrom(privateKeyPem)).export({ type: 'spki', format: 'pem' }).toString()
}

/** The TUF key of a public key given as PEM or as 64 hexadecimal digits. @throws invalid-request */
export function tufKeyOf(publicKey: string): Key {
  const fields = { keytype: 'ed25519', scheme: 'ed25519', keyval: { public: rawHex(publicKeyFrom(publicKey)) } }
  // TUF 4.2: the key id is the SHA-256 of the canonical JSON form of the key.
  const keyid = createHash('sha256').update(canonicalize(fields)).digest('hex')
  return Key.fromJSON(keyid, fields)
}

/** TUF key id of a public key given as PEM or as 64 hexadecimal digits. @throws invalid-request */
export function keyIdOf(publicKey: string): string {
  return tufKeyOf(publicKey).keyID
}

/** Ed25519 signature of the bytes, hexadecimal. @throws invalid-request */
export function signBytes(privateKeyPem: string, bytes: Uint8Array): string {
  return sign(null, bytes, privateKeyFrom(privateKeyPem)).toString('hex')
}

/** False for a wrong signature, and for one or a key that cannot be read. */
export function verifyBytes(publicKey: string, bytes: Uint8Array, signatureHex: string): boolean {
  if (!/^[0-9a-f]{128}$/.test(signatureHex)) return false
  try {
    return verify(null, bytes, publicKeyFrom(publicKey), Buffer.from(signatureHex, 'hex'))
  } catch {
    return false
  }
}

/** What a publisher signs to upload the bytes of a digest. */
export function uploadBytes(digest: string): Buffer {
  return Buffer.from(`opsflux upload ${digest}`)
}

function privateKeyFrom(pem: string): KeyObject {
  return ed25519(() => createPrivateKey(pem), 'private key', 'Give the PEM file that `opsflux keygen` wrote.')
}

function publicKeyFrom(key: string): KeyObject {
  const open = (): KeyObject => /^[0-9a-f]{64}$/.test(key)
    ? createPublicKey({ format: 'jwk', key: { kty: 'OKP', crv: 'Ed25519', x: Buffer.from(key, 'hex').toString('base64url') } })
    : createPublicKey(key)
  return ed25519(open, 'public key', 'Give the public PEM file that `opsflux keygen` wrote.')
}

function ed25519(open: () => KeyObject, what: string, next: string): KeyObject {
  let key: KeyObject
  try {
    key = open()
  } catch (cause) {
    throw new OpsFluxError('invalid-request', `The ${what} cannot be read: it is not a PEM file. ${next}`, { cause })
  }
  if (key.asymmetricKeyType !== 'ed25519') {
    throw new OpsFluxError('invalid-request', `The ${what} is of type ${key.asymmetricKeyType}; only Ed25519 is used here. ${next}`)
  }
  return key
}

function rawHex(key: KeyObject): string {
  return Buffer.from(key.export({ format: 'jwk' }).x ?? '', 'base64url').toString('hex')
}
