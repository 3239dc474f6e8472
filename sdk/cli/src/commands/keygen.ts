import { publisherNamePattern } from '@opsflux/registry-metadata'
import { OpsFluxError } from '@opsflux/sdk'
import { passphraseOption, readPassphrase, valueOf, type Command } from '../command.ts'
import { writeKeyPair } from '../key-pair.ts'

export const keygen: Command = {
  summary: 'makes the key pair of a publisher',
  options: {
    publisher: { value: '<name>', help: 'lower-case words joined by hyphens', required: true },
    out: { value: '<folder>', help: 'where the two files go; none is ever overwritten', required: true },
    'passphrase-file': passphraseOption,
  },
  async run(_argument, values) {
    const publisher = valueOf(values, 'publisher')
    if (!publisherNamePattern.test(publisher)) throw new OpsFluxError('invalid-request', `"${publisher}" cannot be the name of a publisher. Use lower-case words joined by hyphens, 2 to 40 characters.`)
    const { keyid, privateKey, publicKey } = await writeKeyPair(valueOf(values, 'out'), publisher, await readPassphrase(values['passphrase-file']))
    return { result: { publisher, keyid, privateKey, publicKey }, lines: [`private key  ${privateKey} (keep it secret)`, `public key   ${publicKey}`, `key id       ${keyid}`] }
  },
}
