import { pluginManifestProblems } from '@opsflux/registry-client'
import { featuresOf, type EntityDeclaration, type PluginManifest } from '@opsflux/sdk'

/** Whether a plugin may declare an entity of these parts. */
export function takes(parts: Partial<EntityDeclaration>): boolean {
  return takesPlugin({ entities: [entityOf(parts)] })
}

export function entityOf(parts: Partial<EntityDeclaration>): EntityDeclaration {
  const entity = { name: 'sample', fields: { name: { kind: 'string' as const } }, ...parts }
  return { ...entity, features: { ...featuresOf(entity), ...parts.features } }
}

export function takesPlugin(parts: Partial<PluginManifest>): boolean {
  return pluginManifestProblems({ ...plain, ...parts }).length === 0
}

const plain: PluginManifest = {
  formatVersion: 1, id: 'doc-sample', version: '1.0.0', publisher: 'doc', name: 'Sample', summary: 'Sample', icon: 'box', category: 'examples', sdk: '^1.1.0', capabilities: [], dependencies: {},
  entities: [], permissions: [], menus: [], hooks: {}, routes: [], migrations: [{ id: '0001-init', reversible: true }], locales: ['en'],
}
