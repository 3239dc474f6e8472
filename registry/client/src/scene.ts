import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { generateKeyPair } from '@opsflux/registry-metadata'
import { vi } from 'vitest'
import { temporaryFolder } from './package/testing.ts'
import { RegistryClient, type RegistryClientOptions } from './registry-client.ts'
import { makeKeys, rootOf, signedPackage, TestRegistry, type Content, type TestPublisher } from './testing.ts'
import type { Release } from './trusted-state.ts'

export const keys = makeKeys()
export const hello = generateKeyPair()
export const other = generateKeyPair()
export const stranger = generateKeyPair()
export const past = new Date(Date.now() - 60_000)
export const inAnHour = (): Date => new Date(Date.now() + 3_600_000)

/** Puts the clock forward until the scene ends. */
export function travel(hours: number): void {
  vi.useFakeTimers({ toFake: ['Date'], now: Date.now() + hours * 3_600_000 })
}

/** `hello-notes` 1.0.0, signed by hello. */
export const good = signedPackage(hello)

/** A registry that serves one release of hello's, and a folder for hosts that read it. */
export class Scene implements AsyncDisposable {
  readonly registry = new TestRegistry()
  readonly folder: Awaited<ReturnType<typeof temporaryFolder>>
  release = this.registry.addPackage(good)
  private constructor(folder: Awaited<ReturnType<typeof temporaryFolder>>) {
    this.folder = folder
  }

  static async start(): Promise<Scene> {
    const scene = new Scene(await temporaryFolder())
    scene.registry.offer(scene.content())
    await scene.registry.start()
    return scene
  }

  async [Symbol.asyncDispose](): Promise<void> {
    vi.useRealTimers()
    await this.registry.stop()
    await this.folder[Symbol.asyncDispose]()
  }

  content(change: Partial<Content> = {}): Content {
    return { keys, targets: 5, snapshot: 5, timestamp: 5, expires: {}, signedBy: {}, publishers: [this.helloWith(), this.other()], ...change }
  }

  helloWith(role: Partial<NonNullable<TestPublisher['role']>> = {}): TestPublisher {
    return { name: 'hello', prefixes: ['hello-'], key: hello, role: { version: 5, releases: [this.release], ...role } }
  }

  other(): TestPublisher {
    return { name: 'other', prefixes: ['other-'], key: other }
  }

  /** A host whose cache is the one of the host before. */
  client(options: Partial<RegistryClientOptions> = {}): RegistryClient {
    return new RegistryClient({ url: this.registry.url, root: rootOf(keys), cacheDir: this.cache(), ...options })
  }

  cache(...path: string[]): string {
    return join(this.folder.path, 'cache', ...path)
  }

  downloads(): Promise<string[]> {
    return readdir(this.cache('downloads')).catch(() => [])
  }

  /** The one release, which must be listed. */
  async known(client: RegistryClient): Promise<Release> {
    const found = await client.release('hello-notes', '1.0.0')
    if (!found) throw new Error('the release is not listed')
    return found
  }
}
