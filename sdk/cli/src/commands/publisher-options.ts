import type { SigningOptions } from '@opsflux/registry-client'
import { passphraseOption, readKey, valueOf, type Given, type Option, type Values } from '../command.ts'

export const otherKeyOption: Option = { value: '<file>', help: 'another public key of the publisher, such as the one before a change of key', multiple: true }

/** What commands take that sign a publisher's list of releases. */
export const publisherOptions = {
  registry: { value: '<url>', help: 'address of the registry', required: true },
  publisher: { value: '<name>', help: 'whose list of releases it is', required: true },
  key: { value: '<file>', help: 'private key of the publisher', required: true },
  'other-key': otherKeyOption,
  'passphrase-file': passphraseOption,
} as const satisfies Record<string, Option>

export async function signingOptions(values: Values, given: Given, publisher: string): Promise<SigningOptions> {
  return {
    registryUrl: valueOf(values, 'registry'), publisher, privateKeyPem: await readKey(valueOf(values, 'key'), values['passphrase-file']),
    otherPublicKeyPems: await Promise.all(given.all('other-key').map((path) => readKey(path))),
  }
}
