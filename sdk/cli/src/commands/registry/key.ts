import { OpsFluxError } from '@opsflux/sdk'
import { passphraseOption, readPassphrase, valueOf, type Command } from '../../command.ts'
import { writeKeyPair } from '../../key-pair.ts'

const namePattern = /^[A-Za-z0-9][A-Za-z0-9._-]{0,39}$/

export const key: Command = {
  summary: 'makes a key pair for a holder, on a machine of the holder; it needs no network',
  options: {
    name: { value: '<who>', help: 'of the holder or the role; the files are named after it', required: true },
    out: { value: '<folder>', help: 'where the two files go; none is ever overwritten', required: true },
    'passphrase-file': passphraseOption,
  },
  async run(_argument, values) {
    const name = valueOf(values, 'name')
    if (!namePattern.test(name)) throw new OpsFluxError('invalid-request', `"${name.slice(0, 60)}" cannot be the name of a key. Use letters, digits, dots, hyphens and underscores, 40 at most.`)
    const passphrase = await readPassphrase(values['passphrase-file'])
    const { keyid, privateKey, publicKey } = await writeKeyPair(valueOf(values, 'out'), name, passphrase)
    const isProtected = passphrase !== undefined
    return {
      result: { name, keyid, privateKey, publicKey, protected: isProtected },
      lines: [`private key  ${privateKey} (${isProtected ? 'protected by the passphrase' : 'NOT protected by a passphrase'}; it never leaves its holder)`, `public key   ${publicKey} (for whoever runs the registry)`, `key id       ${keyid}`],
    }
  },
}
