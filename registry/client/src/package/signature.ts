import { verifyBytes, type PublicKey } from '@opsflux/registry-metadata'
import type { PackageSignature } from '@opsflux/sdk'
import { refusal } from './refusal.ts'

/** The key, out of those given, that signed a package. @throws package-refused */
export function checkSignature(signed: { manifestBytes: Uint8Array; signature?: PackageSignature }, publicKeys: readonly PublicKey[]): PublicKey {
  const { manifestBytes, signature } = signed
  if (!signature) throw refusal('signature-missing', 'The package is not signed.', 'manifest.sig')
  const key = publicKeys.find((known) => known.keyid === signature.keyid && verifyBytes(known.publicKey, manifestBytes, signature.sig))
  if (!key) throw refusal('signature-wrong', 'The package is not signed by its publisher.', 'manifest.sig')
  return key
}
