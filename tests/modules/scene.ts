import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import type { ModuleSummary, RegistryStatus } from '@opsflux/sdk'
import { TamperingRegistry } from '../registry/tampering-registry.ts'
import { ApiClient } from '../setup/api-client.ts'
import { TestPlatform } from '../setup/platform.ts'
import type { HostOptions } from '@opsflux/host'

/** A platform whose registry can be made to fail, and whose clock can be moved. */
export class LifecycleScene {
  readonly platform: TestPlatform
  readonly registry: TamperingRegistry
  admin: ApiClient
  readonly #clock: { offsetMs: number }

  private constructor(platform: TestPlatform, registry: TamperingRegistry, admin: ApiClient, clock: { offsetMs: number }) {
    this.platform = platform
    this.registry = registry
    this.admin = admin
    this.#clock = clock
  }

  static async start(options: Pick<HostOptions, 'onStep'> = {}): Promise<LifecycleScene> {
    const clock = { offsetMs: 0 }
    const platform = await TestPlatform.start({ ...options, now: () => new Date(Date.now() + clock.offsetMs) })
    const registry = await TamperingRegistry.start(platform.parts.registry.url)
    platform.parts.config.registryUrl = registry.url
    const scene = new LifecycleScene(platform, registry, await platform.signIn(), clock)
    await scene.restart()
    return scene
  }

  /** The administrator stays signed in. */
  async restart(meanwhile?: () => Promise<unknown>): Promise<void> {
    await this.platform.restart(meanwhile)
    const { cookie } = this.admin
    this.admin = new ApiClient(this.platform.host.url)
    this.admin.cookie = cookie
  }

  moveClock(days: number): void {
    this.#clock.offsetMs = days * 86_400_000
  }

  cutRegistry(isCut: boolean): void {
    this.registry.tamper = (_, genuine) => (isCut ? { status: 503, bytes: Buffer.alloc(0) } : genuine)
  }

  async modules(): Promise<{ data: ModuleSummary[]; registry: RegistryStatus }> {
    return this.admin.get('/api/modules')
  }

  async installed(id: string): Promise<ModuleSummary['installed']> {
    return (await this.modules()).data.find((module) => module.id === id)?.installed
  }

  /** Where a release is unpacked; the module has only one. */
  async folderOf(id: string): Promise<string> {
    const folder = join(this.platform.parts.config.home, 'modules', id)
    const [release = ''] = (await readdir(folder)).toSorted().toReversed()
    return join(folder, release)
  }

  async stop(): Promise<void> {
    await this.platform.stop()
    await this.registry[Symbol.asyncDispose]()
  }
}
