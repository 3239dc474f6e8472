import { hash } from 'node:crypto'
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { publishRelease, RegistryClient } from '@opsflux/registry-client'
import {
  buildRoot, buildSnapshot, buildTimestamp, describeFile, encodeMetadata, generateKeyPair, parseRoot, parseSnapshot, parseTimestamp, publicKeyOf, secondsAfter, signMetadata,
  type KeyPair, type RootKeys,
} from '@opsflux/registry-metadata'
import { addPublisher, initialiseRepository, startRegistry, type Registry } from '@opsflux/registry-repository'
import pino from 'pino'
import type { Packages } from './scene.ts'
import { TamperingRegistry } from './tampering-registry.ts'

export type Files = ReadonlyMap<string, Buffer>

/** What someone who holds keys signs instead of the registry. */
export interface Forgery {
  /** Files of roles, by role. */
  roles?: Record<string, { version: number; bytes: Buffer }>
  /** Left out of the snapshot. */
  without?: string
  timestamp?: { version?: number; expires?: Date }
  snapshot?: { version?: number; expires?: Date }
  signedBy?: { timestamp?: string; snapshot?: string }
}

export const inADay = (): Date => secondsAfter(new Date(), 86_400)

/**
 * A registry with two root keys of three, two publishers and the releases 1.0.0 and 1.1.0 of `hello-notes`, seen through a proxy; a host
 * that has read all of it; and what a registry said before 1.1.0.
 */
export class AttackScene implements AsyncDisposable {
  readonly place: string
  readonly registry: Registry
  readonly proxy: TamperingRegistry
  readonly rootKeys: readonly KeyPair[]
  readonly hello: KeyPair
  readonly other = generateKeyPair()
  /** By path, at 1.0.0 and now. */
  readonly old = new Map<string, Buffer>()
  readonly current = new Map<string, Buffer>()
  /** Private keys that lie beside the registry. */
  readonly online: Record<'timestamp' | 'snapshot' | 'targets', string> = { timestamp: '', snapshot: '', targets: '' }

  private constructor(place: string, registry: Registry, proxy: TamperingRegistry, rootKeys: readonly KeyPair[], hello: KeyPair) {
    this.place = place
    this.registry = registry
    this.proxy = proxy
    this.rootKeys = rootKeys
    this.hello = hello
  }

  static async start(packages: Packages, first: string, second: string): Promise<AttackScene> {
    const place = await mkdtemp(join(tmpdir(), 'opsflux-attacks-'))
    const home = join(place, 'registry')
    const rootKeys = [generateKeyPair(), generateKeyPair(), generateKeyPair()]
    await initialiseRepository(home, undefined, { privateKeyPems: rootKeys.map((key) => key.privateKeyPem), threshold: 2 })
    const registry = await startRegistry({ home, port: 0, bind: '127.0.0.1', log: pino({ level: 'silent' }) })
    const scene = new AttackScene(place, registry, await TamperingRegistry.start(registry.url), rootKeys, packages.key)
    await addPublisher(home, { name: 'hello', prefixes: ['hello-'], publicKeyPem: packages.key.publicKeyPem })
    await addPublisher(home, { name: 'other', prefixes: ['other-'], publicKeyPem: scene.other.publicKeyPem })
    for (const role of ['timestamp', 'snapshot', 'targets'] as const) scene.online[role] = await readFile(join(home, 'keys', `${role}.pem`), 'utf8')
    await scene.#publishAndRecord(first, scene.old)
    await scene.#publishAndRecord(second, scene.current)
    return scene
  }

  get home(): string {
    return join(this.place, 'registry')
  }

  /** A host: the one that has read all, restarted, or by another name one that has read nothing. */
  async host(name = 'host', patience = { headMs: 1_500, bytesPerSecond: 1_000, windowMs: 500 }): Promise<RegistryClient> {
    return new RegistryClient({ url: this.proxy.url, root: await readFile(join(this.home, 'root.json')), cacheDir: join(this.place, name), patience })
  }

  /** All that a host keeps of its trust, by file. */
  async trustState(name = 'host'): Promise<Record<string, string>> {
    const folder = join(this.place, name)
    const names = (await readdir(folder, { recursive: true, withFileTypes: true }).catch(() => [])).filter((entry) => entry.isFile())
    return Object.fromEntries(await Promise.all(names.map(async (entry) => [join(entry.parentPath, entry.name).slice(folder.length), hash('sha256', await readFile(join(entry.parentPath, entry.name)), 'hex')])))
  }

  /** Serves these files instead of the registry's. */
  serve(files: Files): void {
    this.proxy.tamper = (path, genuine) => {
      const bytes = files.get(path)
      return bytes ? { status: 200, bytes } : genuine
    }
  }

  honest(): void {
    this.proxy.tamper = (_, genuine) => genuine
  }

  file(part: string, files: Files = this.current): [path: string, bytes: Buffer] {
    const found = [...files].findLast(([path]) => path.includes(part))
    if (!found) throw new Error(`The registry was not asked for ${part}.`)
    return found
  }

  /** New timestamp and snapshot over these roles, one version on. */
  forge({ roles = {}, without, timestamp = {}, snapshot = {}, signedBy = {} }: Forgery): Map<string, Buffer> {
    const before = { timestamp: parseTimestamp(this.file('timestamp.json')[1]).signed, snapshot: parseSnapshot(this.file('.snapshot.json')[1]).signed }
    const described = Object.fromEntries(Object.entries(before.snapshot.meta).map(([name, file]) => [name.slice(0, -'.json'.length), file]))
    for (const [role, { version, bytes }] of Object.entries(roles)) described[role] = describeFile(version, bytes)
    if (without !== undefined) delete described[without]
    const version = snapshot.version ?? before.snapshot.version + 1
    const snapshotBytes = encodeMetadata(signMetadata(buildSnapshot({ version, expires: snapshot.expires ?? inADay(), files: described }), [signedBy.snapshot ?? this.online.snapshot]))
    const timestampBytes = encodeMetadata(signMetadata(buildTimestamp({
      version: timestamp.version ?? before.timestamp.version + 1, expires: timestamp.expires ?? inADay(), snapshot: describeFile(version, snapshotBytes),
    }), [signedBy.timestamp ?? this.online.timestamp]))
    return new Map([
      ['/metadata/timestamp.json', timestampBytes], [`/metadata/${version}.snapshot.json`, snapshotBytes],
      ...Object.entries(roles).map(([role, file]): [string, Buffer] => [`/metadata/${file.version}.${role}.json`, file.bytes]),
    ])
  }

  /** The next root; the same keys and threshold unless said otherwise, signed with these keys. */
  root(signedBy: readonly KeyPair[], { version = 2, threshold = 2, keys = this.rootKeys, online = {}, expires = inADay() }: { version?: number; threshold?: number; keys?: readonly KeyPair[]; online?: Partial<Record<'timestamp' | 'snapshot' | 'targets', string>>; expires?: Date } = {}): Buffer {
    const role = (name: 'timestamp' | 'snapshot' | 'targets') => ({ publicKeys: [publicKeyOf(online[name] ?? this.online[name])] })
    const roles: RootKeys = { root: { publicKeys: keys.map((key) => key.publicKeyPem), threshold }, targets: role('targets'), snapshot: role('snapshot'), timestamp: role('timestamp') }
    return encodeMetadata(signMetadata(buildRoot({ version, expires, keys: roles }), signedBy.map((key) => key.privateKeyPem)))
  }

  async pinnedRoot(): Promise<ReturnType<typeof parseRoot>> {
    return parseRoot(await readFile(join(this.home, 'root.json')))
  }

  async #publishAndRecord(packagePath: string, files: Map<string, Buffer>): Promise<void> {
    await publishRelease({ registryUrl: this.registry.url, packagePath, publisher: 'hello', privateKeyPem: this.hello.privateKeyPem })
    this.proxy.tamper = (path, genuine) => {
      if (genuine.status === 200) files.set(path, genuine.bytes)
      return genuine
    }
    const host = await this.host(`recorder-${files === this.old ? 'old' : 'current'}`)
    await host.refresh()
    for (const release of await host.releases()) await host.download(release)
    this.honest()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.proxy[Symbol.asyncDispose]()
    await this.registry.stop()
    await rm(this.place, { recursive: true, force: true })
  }
}
