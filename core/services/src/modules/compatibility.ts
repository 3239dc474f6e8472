import semver from 'semver'
import { sdkVersion, type ChangeRequest, type PluginManifest } from '@opsflux/sdk'
import type { Installation, Installations } from './installations.ts'
import { assertHooksFit } from './hook-fit.ts'
import { impossible } from './plan-parts.ts'

/** The platform offers the SDK a release asks for and the plugins it needs, and hooks between them fit. @throws plan-impossible */
export async function assertFits(manifest: PluginManifest, installations: Installations): Promise<void> {
  if (!semver.satisfies(sdkVersion, manifest.sdk)) throw impossible(`${manifest.name} ${manifest.version} needs SDK ${manifest.sdk}; this platform offers ${sdkVersion}.`)
  const installed = new Map((await installations.all()).map((installation) => [installation.pluginId, installation]))
  for (const [id, range] of Object.entries(manifest.dependencies)) {
    const dependency = installed.get(id)
    if (!dependency) throw impossible(`${manifest.name} needs the module "${id}" (${range}), which is not installed. Install it first.`)
    if (dependency.state === 'blocked') throw impossible(blockedDependency(manifest, dependency))
    if (!semver.satisfies(dependency.version, range)) throw impossible(`${manifest.name} needs "${id}" ${range}; installed is ${dependency.version}.`)
  }
  for (const other of installed.values()) {
    const range = other.manifest.dependencies[manifest.id]
    if (range && !semver.satisfies(manifest.version, range)) throw impossible(`${other.manifest.name} needs "${manifest.id}" ${range}; ${manifest.version} does not fit.`)
  }
  assertHooksFit(manifest, [...installed.values()].map((installation) => installation.manifest))
}

/** Starting a module again needs those it builds on. @throws plan-impossible */
export async function assertNeedsServe(manifest: PluginManifest, installations: Installations): Promise<void> {
  const blocked = (await installations.all()).find((other) => other.state === 'blocked' && manifest.dependencies[other.pluginId] !== undefined)
  if (blocked) throw impossible(blockedDependency(manifest, blocked))
}

const blockedDependency = (manifest: PluginManifest, dependency: Installation): string =>
  `${manifest.name} needs ${dependency.manifest.name} ${dependency.version}, which is blocked: ${dependency.reason ?? 'its release was revoked.'}`

/** @throws plan-impossible naming the modules that would break */
export async function assertNobodyNeeds(installation: Installation, installations: Installations): Promise<void> {
  const dependants = (await installations.all()).filter((other) => other.manifest.dependencies[installation.pluginId])
  if (dependants.length > 0) throw impossible(`${dependants.map((other) => other.manifest.name).join(', ')} need this module. Uninstall them first.`)
}

/** An update leads to a newer release, a roll-back to an older one. @throws plan-impossible */
export function assertDirection(request: ChangeRequest, installation: Installation | undefined, manifest: PluginManifest): void {
  if (!installation) return
  const order = semver.compare(manifest.version, installation.version)
  if (request.action === 'update' && order <= 0) throw impossible(`${manifest.version} is not newer than the installed ${installation.version}.`)
  if (request.action === 'rollback' && order >= 0) throw impossible(`${manifest.version} is not older than the installed ${installation.version}.`)
}
