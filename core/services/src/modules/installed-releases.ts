import { join } from 'node:path'
import type { Sealer } from '@opsflux/data'
import type { OpenedPackage } from '@opsflux/registry-client'
import type { SandboxEvent } from '@opsflux/kernel'
import type { PluginManifest } from '@opsflux/sdk'
import { clearBeside, settleFolder, switchFolder, unpackBeside } from './folder-switch.ts'
import type { Installation, Installations } from './installations.ts'
import type { PackageStore } from './package-store.ts'
import { loadRelease, type PluginRelease, type SandboxPolicy } from './plugin-release.ts'
import { damageOf, type Damage, type ReleaseSeals } from './release-seals.ts'
import { sweepModules } from './sweep-folders.ts'
import { folderName } from './target.ts'

interface Parts {
  installations: Installations
  packages: PackageStore
  seals: ReleaseSeals
  modulesFolder: string
  sealer: Sealer
  /** What a release may use and do. */
  policyOf(manifest: PluginManifest): Promise<SandboxPolicy>
  onSandboxEvent(pluginId: string, event: SandboxEvent): void
}

type Unpacked = Pick<Installation, 'manifest' | 'digest'>

/** The unpacked releases of this host: loads them, mends them, and clears away what nothing leads to. */
export class InstalledReleases {
  readonly #parts: Parts
  /** What was found wrong on disk, by digest, until it is found right. */
  readonly #damages = new Map<string, Damage>()

  constructor(parts: Parts) {
    this.#parts = parts
  }

  /** The one way a release comes to run: every file as listed, the list as sealed and signed by its publisher. @throws package-refused */
  async load({ manifest, digest }: Unpacked): Promise<PluginRelease> {
    const { seals, policyOf, onSandboxEvent } = this.#parts
    const [seal, policy] = await Promise.all([seals.of(digest), policyOf(manifest)])
    return this.#noting(digest, () => loadRelease({ folder: this.folderOf({ manifest, digest }), digest, seal, policy, sealer: this.#parts.sealer, onEvent: (event) => onSandboxEvent(manifest.id, event) }))
  }

  /** Looks at the files now; undefined when they are as signed. */
  async inspect(unpacked: Unpacked): Promise<Damage | undefined> {
    try {
      await this.#noting(unpacked.digest, () => this.#parts.seals.open(this.folderOf(unpacked), unpacked.digest))
      return undefined
    } catch (error) {
      const damage = damageOf(error)
      if (damage) return damage
      throw error
    }
  }

  /** As last seen. */
  damageOf(digest: string): Damage | undefined {
    return this.#damages.get(digest)
  }

  /** A file was found altered while it was served. Answers whether that is news. */
  report(digest: string, damage: Damage): boolean {
    const isNews = !this.#damages.has(digest)
    this.#damages.set(digest, damage)
    return isNews
  }

  /** Puts the files of a damaged release back if its package is still here. */
  async mend(unpacked: Unpacked): Promise<void> {
    if (!(await this.inspect(unpacked))) return
    const opened = await this.#parts.packages.open(unpacked.digest).catch(() => undefined)
    if (!opened) return
    await this.prepare(unpacked, opened)
    await this.switch(unpacked)
    await this.clear(unpacked)
  }

  /** Unpacks the release's package beside its folder and checks it there. @throws package-refused */
  async prepare(unpacked: Unpacked, opened: Pick<OpenedPackage, 'unpackTo'>): Promise<void> {
    await this.#parts.seals.open(await unpackBeside(this.folderOf(unpacked), opened), unpacked.digest)
  }

  /** What was prepared takes the place of what is damaged. */
  async switch(unpacked: Unpacked): Promise<void> {
    await switchFolder(this.folderOf(unpacked))
  }

  async clear(unpacked: Unpacked): Promise<void> {
    await clearBeside(this.folderOf(unpacked))
  }

  /** Ends a switch that was killed in the middle. */
  async settle(unpacked: Unpacked): Promise<void> {
    await settleFolder(this.folderOf(unpacked))
  }

  /** Keeps what is installed, kept, or can be gone back to. Only while no operation runs on this host. */
  async sweep(): Promise<void> {
    const { installations, packages, modulesFolder } = this.#parts
    const releases = [...(await installations.all()), ...(await installations.kept()), ...(await installations.restorePoints())]
    await packages.sweep()
    await sweepModules(modulesFolder, new Set(releases.map(({ manifest, digest }) => folderName(manifest, digest))))
  }

  async #noting<T>(digest: string, read: () => Promise<T>): Promise<T> {
    try {
      const answer = await read()
      this.#damages.delete(digest)
      return answer
    } catch (error) {
      const damage = damageOf(error)
      if (damage) this.#damages.set(digest, damage)
      throw error
    }
  }

  folderOf({ manifest, digest }: Unpacked): string {
    return join(this.#parts.modulesFolder, folderName(manifest, digest))
  }
}
