import { createHash } from 'node:crypto'
import { idPrefixPattern, maxArchives, maxMetadataBytes, publicKeyOf, signBytes, uploadBytes } from '@opsflux/registry-metadata'
import { errorTable, isOpsFluxError, OpsFluxError, type ErrorCode } from '@opsflux/sdk'
import { untrusted, unreachable } from './faults.ts'
import { ask, fetchBytes, readAll } from './http.ts'
import { defaultPatience } from './patience.ts'
import { PublisherList, type SignedList, type Signer } from './publisher-list.ts'

export interface SigningOptions {
  registryUrl: string
  publisher: string
  privateKeyPem: string
  /** Other public keys of this publisher, PEM: the list as it is may be signed with one of them, after a change of key or with two in use. */
  otherPublicKeyPems?: readonly string[]
}

const uploadMs = 300_000
// A package is judged before the answer to its publish begins.
const patience = { ...defaultPatience, headMs: 120_000 }
const attempts = 5

/** The registry's API for publishers. */
export class PublisherApi {
  readonly #url: string
  readonly #options: SigningOptions

  constructor(options: SigningOptions) {
    this.#options = options
    this.#url = options.registryUrl.replace(/\/+$/, '')
  }

  /**
   * Reads what the publisher has signed, lets `next` make the list after it, and hands that in. Begins again when somebody else published
   * in between. `next` answers undefined when there is nothing to change.
   * @returns whether anything changed @throws untrusted-release, conflict, registry-unreachable
   */
  async change(next: (list: PublisherList, signer: Signer) => Promise<SignedList | undefined>): Promise<boolean> {
    for (let attempt = 1; ; attempt += 1) {
      const { list, signer } = await this.#read()
      const signed = await next(list, signer)
      if (!signed) return false
      try {
        await this.#handIn(signed)
        return true
      } catch (error) {
        if (!isOpsFluxError(error) || error.code !== 'conflict' || attempt === attempts) throw error
      }
    }
  }

  async upload(bytes: Buffer): Promise<string> {
    const digest = createHash('sha256').update(bytes).digest('hex')
    const { publisher, privateKeyPem } = this.#options
    await this.#send('PUT', `/api/uploads/${digest}`, bytes, { 'content-type': 'application/gzip', 'x-opsflux-publisher': encodeURIComponent(publisher), 'x-opsflux-signature': signBytes(privateKeyPem, uploadBytes(digest)) })
    return digest
  }

  async #handIn({ role, archives }: SignedList): Promise<void> {
    const digests: [string, string][] = []
    for (const [name, bytes] of archives) digests.push([name, await this.upload(bytes)])
    const body = { metadata: JSON.parse(role.toString()) as unknown, ...(digests.length > 0 ? { archives: Object.fromEntries(digests) } : {}) }
    await this.#send('POST', `/api/publishers/${encodeURIComponent(this.#options.publisher)}/releases`, Buffer.from(JSON.stringify(body)), { 'content-type': 'application/json' })
  }

  async #read(): Promise<{ list: PublisherList; signer: Signer }> {
    const { publisher, privateKeyPem, otherPublicKeyPems = [] } = this.#options
    const { metadata, prefixes, archives } = readPublisher(await this.#send('GET', `/api/publishers/${encodeURIComponent(publisher)}`))
    const signer: Signer = { name: publisher, prefixes, privateKeyPem, accepted: [publicKeyOf(privateKeyPem), ...otherPublicKeyPems] }
    const files: Buffer[] = []
    for (const { role, version } of archives) files.push(await this.#archive(`${version}.${encodeURIComponent(role)}.json`))
    return { list: new PublisherList(signer, metadata === null ? undefined : Buffer.from(JSON.stringify(metadata)), files), signer }
  }

  async #archive(file: string): Promise<Buffer> {
    const bytes = await fetchBytes(`${this.#url}/metadata/${file}`, maxMetadataBytes.targets, { signal: AbortSignal.timeout(uploadMs) })
    if (!bytes) throw unreachable(this.#url, `it does not have its own file ${file}`)
    return bytes
  }

  async #send(method: string, path: string, body?: Buffer, headers: Record<string, string> = {}): Promise<unknown> {
    const url = this.#url + path
    const answer = await ask(url, { method, patience, headers, signal: AbortSignal.timeout(uploadMs), ...(body ? { body } : {}) })
    const value = readJson(await readAll(url, answer, maxMetadataBytes.targets + 100_000))
    if (answer.status >= 200 && answer.status < 300) return value
    const { code, detail } = isRecord(value) ? value : {}
    if (typeof code === 'string' && Object.hasOwn(errorTable, code)) throw new OpsFluxError(code as ErrorCode, typeof detail === 'string' ? detail : code)
    throw unreachable(url, `it answered ${answer.status}`)
  }
}

function readPublisher(answer: unknown): { metadata: object | null; prefixes: string[]; archives: { role: string; version: number }[] } {
  const { metadata = null, prefixes, archives = [] } = isRecord(answer) ? answer : {}
  const isFine = typeof metadata === 'object' && Array.isArray(prefixes) && prefixes.every((prefix): prefix is string => typeof prefix === 'string' && idPrefixPattern.test(prefix))
    && Array.isArray(archives) && archives.length <= maxArchives && archives.every(isArchive)
  if (!isFine) throw untrusted('The registry does not answer as one.')
  return { metadata, prefixes, archives }
}

function isArchive(value: unknown): value is { role: string; version: number } {
  return isRecord(value) && typeof value['role'] === 'string' && Number.isSafeInteger(value['version'])
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function readJson(bytes: Buffer): unknown {
  try {
    return JSON.parse(bytes.toString('utf8'))
  } catch {
    return undefined
  }
}
