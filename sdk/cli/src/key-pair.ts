import { createPrivateKey } from 'node:crypto'
import { existsSync } from 'node:fs'
import { mkdir, writeFile } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { generateKeyPair } from '@opsflux/registry-metadata'
import { OpsFluxError } from '@opsflux/sdk'

/** The key is as good as its passphrase once somebody has the file. */
const minPassphraseLength = 12

export interface WrittenKeyPair {
  keyid: string
  /** Paths of the two files. */
  privateKey: string
  publicKey: string
}

/**
 * Writes `<name>.private.pem`, for its owner alone, and `<name>.public.pem`; neither is ever overwritten.
 * With a passphrase the private one is encrypted (PKCS#8, AES-256). @throws conflict, invalid-request
 */
export async function writeKeyPair(folder: string, name: string, passphrase?: string): Promise<WrittenKeyPair> {
  if (passphrase !== undefined && passphrase.length < minPassphraseLength) throw new OpsFluxError('invalid-request', `A passphrase of fewer than ${minPassphraseLength} characters protects nothing. Choose a longer one, such as six words.`)
  const out = resolve(folder)
  const [privateKey, publicKey] = [join(out, `${name}.private.pem`), join(out, `${name}.public.pem`)]
  const { privateKeyPem, publicKeyPem, keyid } = generateKeyPair()
  await mkdir(out, { recursive: true })
  const taken = [privateKey, publicKey].find((path) => existsSync(path))
  if (taken !== undefined) throw new OpsFluxError('conflict', `"${taken}" is there already and is not overwritten: what was signed with it would be lost. Choose another folder.`)
  await writeFile(privateKey, passphrase === undefined ? privateKeyPem : encrypted(privateKeyPem, passphrase), { mode: 0o600, flag: 'wx' })
  await writeFile(publicKey, publicKeyPem, { mode: 0o644, flag: 'wx' })
  return { keyid, privateKey, publicKey }
}

function encrypted(privateKeyPem: string, passphrase: string): string {
  return createPrivateKey(privateKeyPem).export({ type: 'pkcs8', format: 'pem', cipher: 'aes-256-cbc', passphrase }).toString()
}
