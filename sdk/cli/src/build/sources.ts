import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { localeNames, pluginManifestProblems, runsOnFirstSdk } from '@opsflux/registry-client'
import { OpsFluxError, type EntityDeclaration } from '@opsflux/sdk'
import { declaredManifest, readDeclaration } from './declaration.ts'
import { entityProblems } from './entity-rules.ts'
import { stageSources } from './stage.ts'
import { versionOf } from './version.ts'

export interface PluginSources {
  id: string
  version: string
  entities: readonly EntityDeclaration[]
  /** Whether its migrations may have steps after the commit. */
  hasSteps: boolean
}

/** What a plugin's folder declares about its tables, before anything is built. @throws validation-failed, invalid-request */
export async function readSources(folder: string): Promise<PluginSources> {
  if (!existsSync(join(folder, 'plugin.ts'))) throw new OpsFluxError('invalid-request', `There is no plugin.ts in "${folder}". Give the folder of a plugin.`)
  await using stage = await stageSources(folder, undefined)
  const version = await versionOf(stage.root)
  const { id, sdk, entities, ...declared } = declaredManifest(await readDeclaration(stage.root), version)
  // The rest may be unfinished still: a package is judged as a whole when it is built.
  const problems = pluginManifestProblems({ ...declared, id, sdk, entities, locales: [...localeNames], migrations: [{ id: '0001-init', reversible: true }] }).filter(({ path }) => path === '/id' || path.startsWith('/entities'))
  const wrong = problems.length > 0 ? problems : await entityProblems(entities)
  if (wrong.length > 0) throw new OpsFluxError('validation-failed', `The entities of the plugin are not valid:\n${wrong.map(({ path, message }) => `  ${path} ${message}`).join('\n')}\nCorrect them and try again.`, { data: { errors: wrong.map((one) => ({ ...one })) } })
  return { id, version, entities, hasSteps: !runsOnFirstSdk(sdk) }
}
