import { hash } from 'node:crypto'
import { cp, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { buildPackage, type BuiltPackage } from '@opsflux/cli'
import { RegistryClient, publishRelease } from '@opsflux/registry-client'
import {
  buildPublisher, buildRelease, encodeMetadata, generateKeyPair, parseTargets, secondsAfter, signMetadata, type KeyPair, type ReleaseEntry,
} from '@opsflux/registry-metadata'
import { addPublisher, initialiseRepository } from '@opsflux/registry-repository'
import type { Problem } from '@opsflux/sdk'

const hello = fileURLToPath(new URL('../fixtures/hello', import.meta.url))

/** Packages of the fixture plugin, built once for a file of tests. */
export class Packages implements AsyncDisposable {
  readonly folder: string
  readonly key: KeyPair = generateKeyPair()
  private constructor(folder: string) {
    this.folder = folder
  }

  static async make(): Promise<Packages> {
    return new Packages(await mkdtemp(join(tmpdir(), 'opsflux-registry-packages-')))
  }

  /** `privateKeyPem` null: not signed. */
  async build(version: string, { privateKeyPem = this.key.privateKeyPem, id = 'hello-notes' }: { privateKeyPem?: string | null; id?: string } = {}): Promise<BuiltPackage> {
    const place = await mkdtemp(join(this.folder, 'build-'))
    const folder = join(place, 'source')
    await cp(hello, folder, { recursive: true })
    const edit = async (file: string, change: (text: string) => string): Promise<void> => writeFile(join(folder, file), change(await readFile(join(folder, file), 'utf8')))
    await edit('package.json', (text) => text.replace('"version": "1.0.0"', `"version": "${version}"`))
    await edit('CHANGELOG.md', () => `## ${version}\n\n- All of ${version}\n`)
    await edit('plugin.ts', (text) => text.replace('hello-notes', id))
    return buildPackage({ folder, out: join(place, 'out'), ...(privateKeyPem === null ? {} : { privateKeyPem }) })
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await rm(this.folder, { recursive: true, force: true })
  }
}

/** A repository folder of its own, in which the publisher `hello` may publish. */
export async function makeRepository(key: KeyPair): Promise<AsyncDisposable & { home: string; client(url: string): Promise<RegistryClient> }> {
  const place = await mkdtemp(join(tmpdir(), 'opsflux-registry-'))
  const home = join(place, 'registry')
  await mkdir(home)
  await initialiseRepository(home)
  await addPublisher(home, { name: 'hello', prefixes: ['hello-'], publicKeyPem: key.publicKeyPem })
  return {
    home,
    client: async (url) => new RegistryClient({ url, root: await readFile(join(home, 'root.json')), cacheDir: await mkdtemp(join(place, 'client-')) }),
    [Symbol.asyncDispose]: () => rm(place, { recursive: true, force: true }),
  }
}

export interface Answer {
  status: number
  problem: Problem
}

/** A publisher that speaks the registry's API itself, to say what no honest tool would. */
export class PlainPublisher {
  readonly #url: string
  readonly #key: KeyPair
  constructor(url: string, key: KeyPair) {
    this.#url = url
    this.#key = key
  }

  publish(packagePath: string): Promise<{ published: boolean }> {
    return publishRelease({ registryUrl: this.#url, packagePath, publisher: 'hello', privateKeyPem: this.#key.privateKeyPem })
  }

  async upload(path: string): Promise<ReleaseEntry> {
    const bytes = await readFile(path)
    const digest = hash('sha256', bytes, 'hex')
    const response = await fetch(`${this.#url}/api/uploads/${digest}`, { method: 'PUT', body: new Uint8Array(bytes) })
    if (response.status !== 201) throw new Error(`upload answered ${response.status}`)
    return { id: 'hello-notes', version: '1.0.0', sdk: '^1.0.0', digest, size: bytes.length, publishedAt: new Date() }
  }

  /** Offers a role that lists what is published already and `added`. */
  async offer(added: readonly ReleaseEntry[], { version, expires = secondsAfter(new Date(), 86_400), key = this.#key, keep = true }: { version?: number; expires?: Date; key?: KeyPair; keep?: boolean } = {}): Promise<Answer> {
    const current = (await (await fetch(`${this.#url}/api/publishers/hello`)).json() as { metadata: object | null }).metadata
    const before = current ? parseTargets(Buffer.from(JSON.stringify(current))).signed : undefined
    const kept = keep ? Object.values(before?.targets ?? {}) : []
    const role = buildPublisher({ version: version ?? (before?.version ?? 0) + 1, expires, releases: [...kept, ...added.map(buildRelease)] })
    return this.post(JSON.parse(encodeMetadata(signMetadata(role, [key.privateKeyPem])).toString()))
  }

  async post(metadata: unknown, publisher = 'hello'): Promise<Answer> {
    const response = await fetch(`${this.#url}/api/publishers/${publisher}/releases`, { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify({ metadata }) })
    return { status: response.status, problem: await response.json() as Problem }
  }
}
