import { appendFileSync, cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import pino from 'pino'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { startRegistry, type Registry } from '@opsflux/registry-repository'
import { findPrefixes } from './first-party.ts'
import { openHome, type Home } from './home.ts'
import { Publication } from './publication.ts'
import { prepareRegistry } from './registry-home.ts'

const fixture = fileURLToPath(new URL('../../tests/fixtures/hello', import.meta.url))

describe('publishing the first-party plugins', () => {
  let root: string
  let plugin: string
  let home: Home
  let registry: Registry
  const told: string[] = []

  beforeAll(async () => {
    root = mkdtempSync(join(tmpdir(), 'opsflux-checkout-'))
    plugin = join(root, 'plugins', 'hello-notes')
    mkdirSync(join(root, 'plugins'))
    cpSync(fixture, plugin, { recursive: true })
    edit('plugin.ts', "publisher: 'hello'", "publisher: 'opsflux'")
    home = openHome(join(root, 'home'))
    await prepareRegistry(home, findPrefixes(root))
    registry = await startRegistry({ home: home.registry, port: 0, bind: '127.0.0.1', log: pino({ level: 'silent' }) })
  })

  afterAll(async () => {
    await registry.stop()
    rmSync(root, { recursive: true })
  })

  async function publish(): Promise<{ wasNeeded: boolean; summary: string }> {
    told.length = 0
    const publication = new Publication(root, home, await prepareRegistry(home, findPrefixes(root)), (message) => told.push(message))
    return { wasNeeded: publication.isNeeded, summary: await publication.run(Promise.resolve(registry.url)) }
  }

  function edit(file: string, from: string | RegExp, to: string): void {
    const path = join(plugin, file)
    writeFileSync(path, readFileSync(path, 'utf8').replace(from, to))
  }

  function setVersion(version: string): void {
    edit('package.json', /"version": "[^"]+"/, `"version": "${version}"`)
  }

  test('is done once, again only for what changed, and never changes what was published', { timeout: 120_000 }, async () => {
    setVersion('1.0.0')
    expect(await publish()).toEqual({ wasNeeded: true, summary: 'hello-notes 1.0.0' })
    expect(told).toEqual([])
    expect(await publish()).toMatchObject({ wasNeeded: false })

    appendFileSync(join(plugin, 'README.md'), '\nOne more line.\n')
    expect(await publish()).toMatchObject({ wasNeeded: true })
    expect(told).toEqual([expect.stringContaining('The sources of hello-notes 1.0.0 have changed since that was published.')])
    expect(await publish(), 'not built again for the same answer').toMatchObject({ wasNeeded: false })
    expect(told).toHaveLength(1)

    setVersion('1.1.0')
    appendFileSync(join(plugin, 'CHANGELOG.md'), '\n## 1.1.0\n\nOne more line.\n')
    expect(await publish()).toEqual({ wasNeeded: true, summary: 'hello-notes 1.1.0' })
    expect(told).toEqual([])

    writeFileSync(join(plugin, 'server', 'index.ts'), 'export default {')
    await publish()
    expect(told).toEqual([expect.stringContaining('hello-notes 1.1.0 was not published: ')])
  })
})
