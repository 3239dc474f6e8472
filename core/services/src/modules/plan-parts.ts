import semver from 'semver'
import { OpsFluxError, type ChangeRequest, type Diff, type Plan } from '@opsflux/sdk'
import type { Installation } from './installations.ts'
import { localName, type Messages } from './localised.ts'
import { changelogSections } from './target.ts'

/** A plan before it is fixed by its hash. */
export type Draft = Omit<Plan, 'hash'>

/** The plan of a change that leaves release and data as they are. */
export function unchanged(request: ChangeRequest, installation: Installation, messages: Messages): Omit<Draft, 'reason'> {
  return {
    action: request.action, id: request.id, name: localName(messages, installation.manifest), from: installation.version, source: 'installed', publisher: installation.manifest.publisher,
    capabilities: none(), secrets: none(), permissions: none(), menus: none(), migrations: [], tables: [], migrationMs: 0, wayBack: { kind: 'lossless', reason: 'nothing-changed', lost: [] }, changelog: [],
  }
}

const none = <T>(): Diff<T> => ({ added: [], removed: [] })

export function difference<T>(before: readonly T[], after: readonly T[], key: (value: T) => string): Diff<T> {
  const had = new Set(before.map(key))
  const has = new Set(after.map(key))
  return { added: after.filter((value) => !had.has(key(value))), removed: before.filter((value) => !has.has(key(value))) }
}

/** What is new from one release to another, newest first. */
export function changelogBetween(markdown: string, from: string | undefined, to: string): Plan['changelog'] {
  return changelogSections(markdown).filter(({ version }) => semver.valid(version) && semver.lte(version, to) && (!from || semver.gt(version, from)))
}

export function impossible(message: string): OpsFluxError {
  return new OpsFluxError('plan-impossible', message)
}
