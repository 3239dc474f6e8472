import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { openUnpacked } from '@opsflux/registry-client'
import type { SandboxEvent } from '@opsflux/kernel'
import type { Installation, Installations } from './installations.ts'
import type { PackageStore } from './package-store.ts'
import { loadRelease, type PluginRelease } from './plugin-release.ts'
import { sha256 } from './sha256.ts'
import { sweepModules } from './sweep-folders.ts'
import { folderName } from './target.ts'

interface Parts {
  installations: Installations
  packages: PackageStore
  modulesFolder: string
  onSandboxEvent(pluginId: string, event: SandboxEvent): void
}

type Unpacked = Pick<Installation, 'manifest' | 'digest'>

/** The unpacked releases of this host: loads them, mends them, and clears away what nothing leads to. */
export class InstalledReleases {
  readonly #parts: Parts

  constructor(parts: Parts) {
    this.#parts = parts
  }

  /** Checked against its files and its seal. @throws package-refused when a file was changed on disk */
  async load({ manifest, digest, granted }: Unpacked & Pick<Installation, 'granted'>): Promise<PluginRelease> {
    const { installations, onSandboxEvent } = this.#parts
    return loadRelease({
      folder: this.#folderOf({ manifest, digest }), digest, granted, seal: await installations.seal(digest), onEvent: (event) => onSandboxEvent(manifest.id, event),
    })
  }

  /** Unpacks a release again whose files were changed on disk, if its package is still here. */
  async repair(unpacked: Unpacked): Promise<void> {
    if (await this.#isWhole(unpacked)) return
    const opened = await this.#parts.packages.open(unpacked.digest).catch(() => undefined)
    if (!opened) return
    await rm(this.#folderOf(unpacked), { recursive: true, force: true })
    await opened.unpackTo(this.#folderOf(unpacked))
  }

  /** Keeps what is installed, kept, or can be gone back to. Only while no operation runs on this host. */
  async sweep(): Promise<void> {
    const { installations, packages, modulesFolder } = this.#parts
    const releases = [...(await installations.all()), ...(await installations.kept()), ...(await installations.restorePoints())]
    await packages.sweep()
    await sweepModules(modulesFolder, new Set(releases.map(({ manifest, digest }) => folderName(manifest, digest))))
  }

  async #isWhole(unpacked: Unpacked): Promise<boolean> {
    const seal = await this.#parts.installations.seal(unpacked.digest)
    return openUnpacked(this.#folderOf(unpacked)).then(({ manifestBytes }) => seal === undefined || sha256(manifestBytes) === seal, () => false)
  }

  #folderOf({ manifest, digest }: Unpacked): string {
    return join(this.#parts.modulesFolder, folderName(manifest, digest))
  }
}
