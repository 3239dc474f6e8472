import { createCipheriv, createDecipheriv, hkdfSync, randomBytes } from 'node:crypto'

const algorithm = 'aes-256-gcm'
const keyVersion = 1
const nonceBytes = 12
const tagBytes = 16

/** A value only the platform's secret opens, and only as what it was sealed as. */
export interface Sealed {
  keyId: string
  nonce: Buffer
  /** Followed by its tag. */
  sealed: Buffer
}

/** Seals and opens with one key, made from the platform's secret (HKDF-SHA256, RFC 5869). */
export class SealingKey {
  /** Names version and key, and tells nothing of it: a value sealed with another is known before it is tried. */
  readonly id: string
  readonly #key: Buffer

  /** @param use what the key is for: each use has a key of its own */
  constructor(platformSecret: string, use: 'plugin-secret' | 'field') {
    this.#key = derive(platformSecret, `opsflux ${use} key v${keyVersion}`, 32)
    this.id = `v${keyVersion}.${derive(platformSecret, `opsflux ${use} key-id v${keyVersion}`, 8).toString('hex')}`
  }

  /** @param purpose bound to the value (AAD): it opens for no other */
  seal(value: string, purpose: readonly string[]): Sealed {
    const nonce = randomBytes(nonceBytes)
    const cipher = createCipheriv(algorithm, this.#key, nonce, { authTagLength: tagBytes }).setAAD(bound(purpose))
    const text = Buffer.concat([cipher.update(value, 'utf8'), cipher.final()])
    return { keyId: this.id, nonce, sealed: Buffer.concat([text, cipher.getAuthTag()]) }
  }

  /** Undefined when it was sealed with another key or for another purpose, or was changed since. */
  open({ keyId, nonce, sealed }: Sealed, purpose: readonly string[]): string | undefined {
    if (keyId !== this.id || nonce.length !== nonceBytes || sealed.length < tagBytes) return undefined
    try {
      const decipher = createDecipheriv(algorithm, this.#key, nonce, { authTagLength: tagBytes }).setAAD(bound(purpose))
      decipher.setAuthTag(sealed.subarray(-tagBytes))
      return Buffer.concat([decipher.update(sealed.subarray(0, -tagBytes)), decipher.final()]).toString('utf8')
    } catch {
      return undefined
    }
  }
}

const derive = (secret: string, info: string, bytes: number): Buffer => Buffer.from(hkdfSync('sha256', secret, '', info, bytes))
// JSON keeps the parts apart: no two purposes read the same.
const bound = (purpose: readonly string[]): Buffer => Buffer.from(JSON.stringify(purpose))
