import { openPackage } from '@opsflux/registry-client'
import { OpsFluxError } from '@opsflux/sdk'
import { signatureOf, writePackage } from './pack.ts'

/** Puts the publisher's signature into a package, in place of one that is there. @returns the new digest */
export async function signPackage(path: string, privateKeyPem: string, publisher: string, target = path): Promise<string> {
  const opened = await openPackage(path)
  if (opened.manifest.publisher !== publisher) {
    throw new OpsFluxError('invalid-request', `The package is of the publisher "${opened.manifest.publisher}", not "${publisher}". Sign with that publisher's key.`)
  }
  const files = new Map(opened.entries.map((entry) => [entry, opened.read(entry)]))
  files.set('manifest.sig', signatureOf(opened.manifestBytes, privateKeyPem))
  return writePackage(target, files)
}
