import { actions } from '@opsflux/sdk'
import type { Actor, Place } from './entity-transaction.ts'

/** Which records of a plugin an action reaches: all, or those of the user, of these companies and of these departments together. */
export interface Reach {
  isAll: boolean
  isOwn: boolean
  companyIds: Set<string>
  departmentIds: Set<string>
}

/** For every action. */
export const everything = '*'

/**
 * What an actor's permissions reach in one plugin, by action.
 *
 * Held in the whole tenant, scope `company` means the companies the actor has a place at, and `department` the departments of those places.
 * Held at a place, `all` and `company` mean that company, `department` its departments there.
 * What is no `<app>.<action>.<scope>` grants nothing.
 */
export function reachesOf(pluginId: string, { permissions, places = [] }: Actor): ReadonlyMap<string, Reach> {
  const reaches = new Map<string, Reach>()
  const reachOf = (action: string): Reach => {
    const reach = reaches.get(action) ?? { isAll: false, isOwn: false, companyIds: new Set<string>(), departmentIds: new Set<string>() }
    reaches.set(action, reach)
    return reach
  }
  if (permissions.includes('*')) reachOf(everything).isAll = true
  for (const { action, scope } of grantsOf(pluginId, permissions)) {
    if (scope === 'all') reachOf(action).isAll = true
    else for (const place of scope === 'own' ? [nowhere] : places) widen(reachOf(action), scope, place)
  }
  for (const place of places) {
    if (place.permissions.includes('*')) for (const action of actions) widen(reachOf(action), 'all', place)
    for (const { action, scope } of grantsOf(pluginId, place.permissions)) widen(reachOf(action), scope, place)
  }
  return reaches
}

const nowhere: Place = { companyId: '', departmentIds: [], permissions: [] }

function widen(reach: Reach, scope: string, { companyId, departmentIds }: Place): void {
  if (scope === 'own') reach.isOwn = true
  if (scope === 'all' || scope === 'company') reach.companyIds.add(companyId)
  if (scope === 'department') for (const id of departmentIds) reach.departmentIds.add(id)
}

function grantsOf(pluginId: string, permissions: readonly string[]): { action: string; scope: string }[] {
  return permissions.flatMap((permission) => {
    const [app, action, scope, ...rest] = permission.split('.')
    return app !== pluginId || action === undefined || action === '*' || scope === undefined || rest.length > 0 ? [] : [{ action, scope }]
  })
}

/** Whether the first reaches every record the second does, whatever records there are. */
export function covers(first: Reach | undefined, second: Reach): boolean {
  if (first === undefined) return false
  if (first.isAll) return true
  return !second.isAll && (first.isOwn || !second.isOwn) && isWithin(second.companyIds, first.companyIds) && isWithin(second.departmentIds, first.departmentIds)
}

const isWithin = (few: ReadonlySet<string>, many: ReadonlySet<string>): boolean => [...few].every((id) => many.has(id))
