import { readFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { writeJson } from '@opsflux/registry-client'
import type { PluginManifest } from '@opsflux/sdk'

interface Component {
  type: 'library'
  'bom-ref': string
  name: string
  version: string
  licenses?: [{ license: { name: string } }]
  purl: string
}

/** What is bundled into the package, in CycloneDX 1.6. No serial number and no time: it is the same for the same sources. */
export async function sbomOf(plugin: PluginManifest, root: string, modules: readonly string[]): Promise<Buffer> {
  const components = new Map<string, Component>()
  for (const module of modules) {
    const component = module.startsWith(root) && !module.startsWith(join(root, 'node_modules')) ? undefined : await componentOf(module)
    if (component) components.set(component.purl, component)
  }
  const sorted = [...components.values()].toSorted((left, right) => (left.purl < right.purl ? -1 : 1))
  const self = `${plugin.id}@${plugin.version}`
  return writeJson({
    bomFormat: 'CycloneDX', specVersion: '1.6', version: 1,
    metadata: { component: { type: 'application', 'bom-ref': self, name: plugin.id, version: plugin.version, publisher: plugin.publisher } },
    components: sorted,
    dependencies: [{ ref: self, dependsOn: sorted.map((component) => component['bom-ref']) }],
  })
}

/** The npm package a bundled module belongs to: the nearest package.json above it with a name and a version. */
async function componentOf(module: string): Promise<Component | undefined> {
  const path = module.split('?')[0] ?? ''
  if (!path.startsWith('/') && !/^[A-Za-z]:[\\/]/.test(path)) return undefined
  for (let folder = dirname(path); folder !== dirname(folder); folder = dirname(folder)) {
    const manifest = await readFile(join(folder, 'package.json'), 'utf8').then((source) => JSON.parse(source) as Record<string, unknown>, () => undefined)
    if (typeof manifest?.name !== 'string' || typeof manifest.version !== 'string') continue
    const { name, version, license } = manifest
    // Package URL specification, npm: the @ of a scope is percent-encoded.
    const purl = `pkg:npm/${name.replace('@', '%40')}@${version}`
    return { type: 'library', 'bom-ref': purl, name, version, ...(typeof license === 'string' ? { licenses: [{ license: { name: license } }] } : {}), purl }
  }
  return undefined
}
