import { existsSync } from 'node:fs'
import { mkdir, writeFile } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { generateKeyPair, publisherNamePattern } from '@opsflux/registry-metadata'
import { OpsFluxError } from '@opsflux/sdk'
import { valueOf, type Command } from '../command.ts'

export const keygen: Command = {
  summary: 'makes the key pair of a publisher',
  options: {
    publisher: { value: '<name>', help: 'lower-case words joined by hyphens', required: true },
    out: { value: '<folder>', help: 'where the two files go; none is ever overwritten', required: true },
  },
  async run(_argument, values) {
    const [publisher, out] = [valueOf(values, 'publisher'), resolve(valueOf(values, 'out'))]
    if (!publisherNamePattern.test(publisher)) throw new OpsFluxError('invalid-request', `"${publisher}" cannot be the name of a publisher. Use lower-case words joined by hyphens, 2 to 40 characters.`)
    const [privateKey, publicKey] = [join(out, `${publisher}.private.pem`), join(out, `${publisher}.public.pem`)]
    const { privateKeyPem, publicKeyPem, keyid } = generateKeyPair()
    await mkdir(out, { recursive: true })
    const taken = [privateKey, publicKey].find((path) => existsSync(path))
    if (taken !== undefined) throw new OpsFluxError('conflict', `"${taken}" is there already and is not overwritten: packages signed with it would be lost. Choose another folder.`)
    await writeFile(privateKey, privateKeyPem, { mode: 0o600, flag: 'wx' })
    await writeFile(publicKey, publicKeyPem, { mode: 0o644, flag: 'wx' })
    return { result: { publisher, keyid, privateKey, publicKey }, lines: [`private key  ${privateKey} (keep it secret)`, `public key   ${publicKey}`, `key id       ${keyid}`] }
  },
}
