import type { OpenedPackage } from '@opsflux/registry-client'
import { OpsFluxError } from '@opsflux/sdk'
import type { Installation } from './installations.ts'
import type { Journal } from './journal.ts'
import type { OperationsParts } from './operation-parts.ts'
import { checkHandlers, probeEntities, type PluginRelease } from './plugin-release.ts'
import { untilReachable } from './until-reachable.ts'

/** Puts the files of an installed release back as its publisher signed them; its data is not touched. */
export class RepairChange {
  readonly #parts: OperationsParts
  readonly #journal: Journal

  constructor(parts: OperationsParts, journal: Journal) {
    this.#parts = parts
    this.#journal = journal
  }

  async run(): Promise<void> {
    const { host, releases } = this.#parts
    const { id } = this.#journal.operation.plan
    const installation = await this.#installation()
    const opened = await this.#journal.step('verify', () => this.#package(installation))
    await this.#journal.step('prepare', () => releases.prepare(installation, opened))
    await this.#journal.step('pause', () => host.pause(id))
    let old: PluginRelease | undefined
    try {
      await this.#journal.step('switch', () => releases.switch(installation))
      old = await this.#journal.step('check', () => this.#serve(installation))
    } catch (error) {
      await releases.settle(installation)
      throw error
    } finally {
      host.resume(id)
    }
    await this.#journal.step('resume', async () => undefined)
    await this.#journal.step('clean', async () => {
      await old?.stop()
      await releases.clear(installation)
    })
  }

  async #installation(): Promise<Installation> {
    const { plan } = this.#journal.operation
    const installation = await this.#parts.installations.get(plan.id)
    if (!installation || installation.digest !== plan.digest) throw new OpsFluxError('stale-plan', 'Another release is installed by now. Make a new plan and read it.')
    return installation
  }

  async #package(installation: Installation): Promise<OpenedPackage> {
    if (!(await this.#parts.releases.inspect(installation))) throw new OpsFluxError('stale-plan', 'The files were put right since this plan was made. Nothing is left to repair.')
    return (await this.#parts.finder.findAgain(installation)).opened
  }

  /** Loads what was put in place and answers the release that served before. Where it does not pass, that one serves on. */
  async #serve(installation: Installation): Promise<PluginRelease | undefined> {
    const { database, host, installations, load, stopping } = this.#parts
    const release = await load(installation)
    try {
      await checkHandlers(release)
      await untilReachable(stopping, () => probeEntities(database, release))
      await untilReachable(stopping, () => installations.setState(installation.pluginId, 'active'))
    } catch (error) {
      await release.stop()
      throw error
    }
    return host.swap(installation.pluginId, release)
  }
}
