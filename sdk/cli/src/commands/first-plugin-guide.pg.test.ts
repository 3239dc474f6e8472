import { cp, mkdir, readFile, symlink } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { openPackage } from '@opsflux/registry-client'
import { afterEach, expect, inject, test, vi } from 'vitest'
import { Ceremony, opsflux } from './registry/testing.ts'

const guide = fileURLToPath(new URL('../../../../docs/guides/first-plugin.md', import.meta.url))
const plugin = fileURLToPath(new URL('../../../../tests/fixtures/first-plugin', import.meta.url))
const here = process.cwd()
afterEach(() => {
  process.chdir(here)
  vi.unstubAllEnvs()
})

test('every command of the guide works, in its order', { timeout: 60_000 }, async () => {
  await using scene = await Ceremony.beginAndApply()
  const { url } = await scene.serve()
  await mkdir(scene.path('.opsflux'))
  await symlink(scene.home, scene.path('.opsflux', 'registry'))
  await cp(plugin, scene.path('my-plugin'), { recursive: true })
  process.chdir(scene.place)
  vi.stubEnv('OPSFLUX_DATABASE_URL', inject('postgresUrl'))
  for (const line of commandsOf(await readFile(guide, 'utf8'))) {
    const [npx, program, ...args] = line.replace(/ *#.*$/, '').replace('http://127.0.0.1:3001', url).split(/\s+/)
    expect({ line, npx, program, ...await opsflux(...args) }).toMatchObject({ npx: 'npx', program: 'opsflux', code: 0 })
  }
  const { plugin: built, entries } = await openPackage(join('my-plugin', 'dist', 'hello-visits-1.0.0.tgz'))
  expect(built.entities[0]?.features).toMatchObject({ audit: true, comments: true, softDelete: true, customFields: true, search: true })
  expect(entries.map((path) => dirname(path))).toContain('migrations')
})

function commandsOf(text: string): string[] {
  return [...text.matchAll(/^```sh\n([\s\S]*?)^```$/gm)].flatMap(([, block = '']) => block.trim().split('\n'))
}
