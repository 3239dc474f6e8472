import { once } from 'node:events'
import { watch } from 'node:fs'
import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import type { BuiltPackage } from '@opsflux/cli'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { startChild } from '../setup/child.ts'
import { makeRepository, Packages, PlainPublisher } from './scene.ts'

let packages: Packages
let first: BuiltPackage
let second: BuiltPackage

beforeAll(async () => {
  packages = await Packages.make()
  first = await packages.build('1.0.0')
  second = await packages.build('1.1.0')
})
afterAll(() => packages[Symbol.asyncDispose]())

describe('a registry that is killed in the middle of a publish', () => {
  // Each is written in this order; the name begins to exist as a temporary file, so the kill comes before, in or after it.
  test.each(['targets/hello-notes', 'metadata/2.publisher-hello.json', 'metadata/4.snapshot.json', 'metadata/timestamp.json'])('at %s can be read, and published to, after a restart', async (file) => {
    await using repository = await makeRepository(packages.key)
    const environment = { OPSFLUX_REGISTRY_HOME: repository.home, OPSFLUX_REGISTRY_PORT: '0' }
    const before = await startChild('registry/repository/src/main.ts', environment)
    await new PlainPublisher(before.url, packages.key).publish(first.path)

    const folder = join(repository.home, file === 'targets/hello-notes' ? file : 'metadata')
    await mkdir(folder, { recursive: true })
    const name = file.startsWith('targets') ? second.digest : file.slice('metadata/'.length)
    const watcher = watch(folder, (_, changed) => { if (changed?.includes(name)) before.process.kill('SIGKILL') })
    const publishing = new PlainPublisher(before.url, packages.key).publish(second.path).catch(() => undefined)
    await once(before.process, 'exit')
    watcher.close()
    await publishing

    const after = await startChild('registry/repository/src/main.ts', environment)
    try {
      const client = await repository.client(after.url)
      await client.refresh()
      const offered = (await client.releases()).map(({ version }) => version)
      expect([['1.0.0'], ['1.0.0', '1.1.0']]).toContainEqual(offered)
      await new PlainPublisher(after.url, packages.key).publish(second.path)
      await client.refresh()
      const releases = await client.releases()
      expect(releases.map(({ version }) => version)).toEqual(['1.0.0', '1.1.0'])
      for (const release of releases) await client.download(release)
    } finally {
      await after.stop()
    }
  })
})

describe('the registry\'s process', () => {
  test('ends when its parent lets go of it, and when it is asked to', async () => {
    await using repository = await makeRepository(packages.key)
    const environment = { OPSFLUX_REGISTRY_HOME: repository.home, OPSFLUX_REGISTRY_PORT: '0' }
    const abandoned = await startChild('registry/repository/src/main.ts', environment)
    abandoned.process.disconnect()
    expect(await once(abandoned.process, 'exit')).toEqual([0, null])
    const asked = await startChild('registry/repository/src/main.ts', environment)
    const exit = once(asked.process, 'exit')
    await asked.stop()
    expect(await exit).toEqual([0, null])
  })
})
