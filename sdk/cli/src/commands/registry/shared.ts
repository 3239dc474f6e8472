import { existsSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { basename, resolve } from 'node:path'
import { keyIdOf } from '@opsflux/registry-metadata'
import { readDraft, Repository, type HeldKey, type RootDraft } from '@opsflux/registry-repository'
import { OpsFluxError, type Json } from '@opsflux/sdk'
import { readKey, valueOf, type Given, type Option, type Values } from '../../command.ts'

export const homeOption: Option = { value: '<folder>', help: 'folder of the registry', required: true }
export const targetsKeyOption: Option = { value: '<file>', help: 'private key of targets, when it is not kept in the registry', multiple: true }
export const daysOption: Option = { value: '<days>', help: 'for how long the root holds (default: 730)' }

/** The repository of `--home`, with the keys that were brought along. */
export async function repositoryOf(values: Values, given: Given): Promise<Repository> {
  const broughtKeys = await Promise.all(given.all('targets-key').map((path) => readKey(path, values['passphrase-file'])))
  return new Repository(resolve(valueOf(values, 'home')), undefined, { broughtKeys })
}

/** Public keys, each named after its file: `amber.public.pem` is amber's. */
export function readHeldKeys(paths: readonly string[]): Promise<HeldKey[]> {
  return Promise.all(paths.map(async (path) => ({ name: basename(path).replace(/(\.public)?\.pem$/, ''), publicKey: await readPublicKey(path) })))
}

/** @throws invalid-request, also for a private key, which is not to be handed around */
export async function readPublicKey(path: string): Promise<string> {
  const pem = await readKey(path)
  if (pem.includes('PRIVATE KEY')) throw new OpsFluxError('invalid-request', `"${path}" is a private key, which its holder keeps. Give the public one, which ends in .public.pem.`)
  return pem
}

/** Key ids, each given as it is, by a name, or as the file of the public key. */
export function readKeyNames(texts: readonly string[]): Promise<string[]> {
  return Promise.all(texts.map(async (text) => (text.endsWith('.pem') && existsSync(text) ? keyIdOf(await readPublicKey(text)) : text)))
}

export async function readDraftFile(path: string): Promise<RootDraft> {
  return readDraft(await readBytes(path, 'Give the root.draft.json that came from the registry.'))
}

export async function readBytes(path: string, next: string): Promise<Buffer> {
  return readFile(path).catch((cause: unknown) => {
    throw new OpsFluxError('invalid-request', `The file "${path}" cannot be read. ${next}`, { cause })
  })
}

/** Undefined when the option was not given. @throws invalid-request */
export function numberOf(values: Values, option: string): number | undefined {
  const text = values[option]
  if (text === undefined) return undefined
  if (!/^\d{1,6}$/.test(text)) throw new OpsFluxError('invalid-request', `--${option} takes a whole number, not "${text.slice(0, 40)}".`)
  return Number(text)
}

/** What `--json` answers of plain data. */
export function jsonOf(value: object): { [key: string]: Json } {
  return JSON.parse(JSON.stringify(value)) as { [key: string]: Json }
}
