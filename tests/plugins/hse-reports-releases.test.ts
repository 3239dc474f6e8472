import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { buildPackage } from '@opsflux/cli'
import { openPackage } from '@opsflux/registry-client'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'

const root = join(import.meta.dirname, '../..')
const folder = join(root, 'plugins/hse-reports')
const overlays = { '1.0.0': join(folder, 'releases/1.0.0'), '1.2.0': undefined, '1.2.1': join(root, 'tests/fixtures/hse-reports-1.2.1'), '1.3.0': join(root, 'tests/fixtures/hse-reports-1.3.0') }
type Version = keyof typeof overlays

let out: string
const releases = new Map<Version, Awaited<ReturnType<typeof buildPackage>>>()

beforeAll(async () => {
  out = await mkdtemp(join(tmpdir(), 'opsflux-releases-'))
  for (const version of Object.keys(overlays) as Version[]) releases.set(version, await built(version))
})
afterAll(() => rm(out, { recursive: true, force: true }))

async function built(version: Version, place: string = version) {
  const overlay = overlays[version]
  return buildPackage({ folder, out: join(out, place), ...(overlay === undefined ? {} : { overlay }) })
}

const opened = (version: Version) => openPackage(releases.get(version)?.path ?? '')

describe('releases of hse-reports', () => {
  test('each is built under its own version, and again to the same digest', async () => {
    for (const [version, release] of releases) expect([release.id, release.version]).toEqual(['hse-reports', version])
    expect((await built('1.0.0', 'again')).digest).toBe(releases.get('1.0.0')?.digest)
  })

  test('1.0.0 has nothing of what came later', async () => {
    const { plugin, entries, text } = await opened('1.0.0')
    expect(plugin.entities.map(({ name }) => name)).toEqual(['incident', 'exposureHours'])
    expect([plugin.capabilities, plugin.migrations.map(({ id }) => id), plugin.routes.map(({ name }) => name)]).toEqual([[], ['0001-init'], ['rates']])
    const code = entries.filter((path) => /^(server|client)\/.*\.js$/u.test(path)).map((path) => text(path)).join('\n')
    expect(code).not.toMatch(/correctiveAction|riskLevel|INC-/u)
    expect(plugin.entities.every(({ features }) => features === undefined)).toBe(true)
  })

  test('1.2.0 has corrective actions, numbers and the features of SDK 1.1, asks for no capability, and has ways back and steps after the commit', async () => {
    const { plugin } = await opened('1.2.0')
    expect(plugin.entities.map(({ name }) => name)).toEqual(['incident', 'exposureHours', 'correctiveAction'])
    expect(plugin.entities.map(({ features }) => features)).toEqual([
      { audit: true, comments: true, attachments: true, versions: true, search: true, softDelete: true, customFields: true },
      ...['exposureHours', 'correctiveAction'].map(() => ({ audit: true, comments: false, attachments: false, versions: false, search: true, softDelete: true, customFields: true })),
    ])
    expect([plugin.sdk, plugin.capabilities, plugin.routes.map(({ name }) => name)]).toEqual(['^1.1.0', [], ['rates']])
    expect(plugin.migrations).toEqual([{ id: '0001-init', reversible: true }, { id: '0002-corrective-actions', reversible: true }, { id: '0003-numbers-and-bin', reversible: true, after: true }])
    expect(plugin.locales).toEqual(expect.arrayContaining(['en', 'fr', 'es', 'pt']))
  })

  test('1.3.0 brings two migrations, of which the second is broken on purpose', async () => {
    expect((await opened('1.3.0')).plugin.migrations.map(({ id }) => id).slice(3)).toEqual(['0004-body-part', '0005-enter-once'])
  })
})
