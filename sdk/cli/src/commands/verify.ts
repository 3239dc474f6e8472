import { checkSignature, openPackage } from '@opsflux/registry-client'
import { keyIdOf } from '@opsflux/registry-metadata'
import { readKey, type Command } from '../command.ts'

export const verify: Command = {
  summary: 'tells whether a package can be opened, and what is wrong with it',
  argument: '<package>',
  options: { key: { value: '<file>', help: 'public key of the publisher: the package must be signed with it' } },
  async run(path, values) {
    const opened = await openPackage(path)
    const publicKey = values.key === undefined ? undefined : await readKey(values.key)
    if (publicKey !== undefined) checkSignature(opened, [{ keyid: keyIdOf(publicKey), publicKey }])
    const { manifest: { id, version, publisher }, digest, entries, signature } = opened
    const signed = signature === undefined ? 'not signed' : `signed with ${signature.keyid}${publicKey === undefined ? ' (not checked: no key was given)' : ', which is right'}`
    return {
      result: { id, version, publisher, digest, files: entries.length, keyid: signature?.keyid ?? null, signatureChecked: publicKey !== undefined },
      lines: [`${id} ${version} of ${publisher}: well-formed, ${entries.length} files`, `sha256:${digest}`, signed],
    }
  },
}
