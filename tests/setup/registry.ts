import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { buildPackage } from '@opsflux/cli'
import { publishRelease, revokeRelease } from '@opsflux/registry-client'
import { generateKeyPair } from '@opsflux/registry-metadata'
import { addPublisher, initialiseRepository, revoke } from '@opsflux/registry-repository'
import { startChild, type Child } from './child.ts'

const root = fileURLToPath(new URL('../..', import.meta.url))
export const hseReports = join(root, 'plugins/hse-reports')
export const hseReportsFirst = join(hseReports, 'releases/1.0.0')
export const hseReportsDying = join(root, 'tests/fixtures/hse-reports-1.2.1')
export const hseReportsBroken = join(root, 'tests/fixtures/hse-reports-1.3.0')

export interface BuildRequest { folder: string; overlay?: string }

/** A registry of its own with the publisher `opsflux`, and its key. */
export class TestRegistry {
  readonly rootFile: string
  readonly process: Child
  readonly #home: string
  readonly privateKeyPem: string

  private constructor(home: string, process: Child, privateKeyPem: string) {
    this.#home = home
    this.rootFile = join(home, 'registry', 'root.json')
    this.process = process
    this.privateKeyPem = privateKeyPem
  }

  static async start(home: string): Promise<TestRegistry> {
    const registryHome = join(home, 'registry')
    const { privateKeyPem, publicKeyPem } = generateKeyPair()
    // The root keys are nowhere but here: the registry's process runs without them.
    await initialiseRepository(registryHome, undefined, { privateKeyPems: [1, 2, 3].map(() => generateKeyPair().privateKeyPem), threshold: 2 })
    await addPublisher(registryHome, { name: 'opsflux', prefixes: ['hse-'], publicKeyPem })
    return new TestRegistry(home, await startChild('registry/repository/src/main.ts', { OPSFLUX_REGISTRY_HOME: registryHome, OPSFLUX_REGISTRY_PORT: '0' }), privateKeyPem)
  }

  get url(): string {
    return this.process.url
  }

  /** Folder of the repository. */
  get home(): string {
    return join(this.#home, 'registry')
  }

  startMarketplace(): Promise<Child> {
    return startChild('marketplace/server/src/main.ts', {
      OPSFLUX_MARKETPLACE_HOME: join(this.#home, 'marketplace'), OPSFLUX_MARKETPLACE_PORT: '0', OPSFLUX_REGISTRY_URL: this.url, OPSFLUX_REGISTRY_ROOT: this.rootFile,
    })
  }

  /** Builds and signs a package; answers its path. */
  async build({ folder, overlay }: BuildRequest): Promise<string> {
    return (await buildPackage({ folder, privateKeyPem: this.privateKeyPem, out: join(this.#home, 'built'), ...(overlay ? { overlay } : {}) })).path
  }

  async publish(request: BuildRequest): Promise<void> {
    await publishRelease({ registryUrl: this.url, packagePath: await this.build(request), publisher: 'opsflux', privateKeyPem: this.privateKeyPem })
  }

  /** In the registry's own name, or in the publisher's. */
  async revoke(by: 'registry' | 'publisher', release: { id: string; version: string; reason: string }): Promise<void> {
    if (by === 'registry') await revoke(this.home, release)
    else await revokeRelease({ registryUrl: this.url, publisher: 'opsflux', privateKeyPem: this.privateKeyPem, ...release })
  }
}

/** The releases a fresh installation has in its registry. */
export async function publishHseReports(registry: TestRegistry): Promise<void> {
  await registry.publish({ folder: hseReports, overlay: hseReportsFirst })
  await registry.publish({ folder: hseReports })
}
