import { OpsFluxError } from '@opsflux/sdk'
import type { SealingKey } from '../database/sealing-key.ts'

/** Encrypts the values of `encrypted` fields; what was sealed for one purpose opens for no other. */
export interface Sealer {
  seal(text: string, purpose: readonly string[]): string
  /** @throws internal when the text was not sealed by this platform or was changed since */
  open(sealed: string, purpose: readonly string[]): string
}

/** As text: key id, nonce and sealed bytes (AES-256-GCM). */
export function sealerOf(key: SealingKey): Sealer {
  return {
    seal: (text, purpose) => {
      const { keyId, nonce, sealed } = key.seal(text, purpose)
      return [keyId, nonce.toString('base64url'), sealed.toString('base64url')].join(':')
    },
    open: (text, purpose) => {
      const [keyId = '', nonce = '', sealed = ''] = text.split(':')
      const opened = key.open({ keyId, nonce: Buffer.from(nonce, 'base64url'), sealed: Buffer.from(sealed, 'base64url') }, purpose)
      if (opened === undefined) throw new OpsFluxError('internal', `An encrypted value of ${purpose.join('.')} cannot be opened: it was sealed with another secret, or changed.`)
      return opened
    },
  }
}
