import type { BuiltPackage } from '@opsflux/cli'
import type { RegistryClient } from '@opsflux/registry-client'
import { startRegistry, type Registry } from '@opsflux/registry-repository'
import pino from 'pino'
import { afterAll, afterEach, beforeAll, beforeEach } from 'vitest'
import { makeRepository, Packages, PlainPublisher } from './scene.ts'

export interface RegistryScene {
  packages: Packages
  /** Releases 1.0.0 and 1.1.0, not yet published. */
  first: BuiltPackage
  second: BuiltPackage
  repository: Awaited<ReturnType<typeof makeRepository>>
  registry: Registry
  publisher: PlainPublisher
  /** As a host has it. */
  client: RegistryClient
}

/** Two releases, built once for a file of tests, and for each test a registry of its own; readable from the first hook on. */
export function registryForEach(): RegistryScene {
  const scene = {} as RegistryScene
  beforeAll(async () => {
    scene.packages = await Packages.make()
    scene.first = await scene.packages.build('1.0.0')
    scene.second = await scene.packages.build('1.1.0')
  })
  afterAll(() => scene.packages[Symbol.asyncDispose]())
  beforeEach(async () => {
    scene.repository = await makeRepository(scene.packages.key)
    scene.registry = await startRegistry({ home: scene.repository.home, port: 0, bind: '127.0.0.1', log: pino({ level: 'silent' }) })
    scene.publisher = new PlainPublisher(scene.registry.url, scene.packages.key)
    scene.client = await scene.repository.client(scene.registry.url)
  })
  afterEach(async () => {
    await scene.registry.stop()
    await scene.repository[Symbol.asyncDispose]()
  })
  return scene
}
