import { randomUUID } from 'node:crypto'
import { Ability, abilityOf, ReleaseEntities, type Actor } from '@opsflux/data'
import { actions, field, scopes, type EntityDeclaration, type PluginManifest } from '@opsflux/sdk'

export interface PermissionFigures {
  /** Microseconds of one decision: may this user do this to this record. Promised: 10. */
  checkUs: number
  /** Of the same decision as a condition of a statement. */
  conditionUs: number
  /** Of the first decision after a change of rights: everything is worked out anew. */
  coldUs: number
  permissions: number
}

const order: EntityDeclaration = {
  name: 'order', scopes: { own: 'owner', company: 'company', department: 'department' },
  fields: { title: field.string({ required: true }), owner: field.user(), company: field.company(), department: field.department() },
}
const manifest: PluginManifest = {
  formatVersion: 1, id: 'bench-works', version: '1.0.0', publisher: 'bench', name: 'Bench', summary: '', icon: 'gauge', category: 'bench', sdk: '^1.1.0',
  capabilities: [], dependencies: {}, entities: [order], permissions: [], menus: [], hooks: {}, routes: [], migrations: [], locales: [],
}

/** A user with rights in 20 plugins and roles at 10 companies, none of which decides at once. */
export function measurePermissions(): PermissionFigures {
  const entity = new ReleaseEntities(manifest).entity('order')
  const actor = manyRights()
  const [place] = actor.places?.slice(-1) ?? []
  const record = { title: 'x', createdBy: randomUUID(), owner: randomUUID(), company: place?.companyId ?? null, department: null }
  const others = { ...record, company: randomUUID() }
  return {
    checkUs: medianUs(10_000, (n) => abilityOf(manifest.id, actor).mayWith('edit', entity, n % 2 === 0 ? record : others)),
    conditionUs: medianUs(10_000, () => abilityOf(manifest.id, actor).condition('view', entity)),
    coldUs: medianUs(200, () => new Ability(manifest.id, actor).mayWith('edit', entity, record)),
    permissions: actor.permissions.length + (actor.places ?? []).reduce((sum, { permissions }) => sum + permissions.length, 0),
  }
}

function manyRights(): Actor {
  const apps = [manifest.id, ...Array.from({ length: 19 }, (_, n) => `other-${n}`)]
  const permissions = apps.flatMap((app) => actions.flatMap((action) => scopes.filter((scope) => scope !== 'all').map((scope) => `${app}.${action}.${scope}`)))
  const place = () => ({ companyId: randomUUID(), departmentIds: Array.from({ length: 5 }, () => randomUUID()), permissions: actions.map((action) => `${manifest.id}.${action}.department`) })
  return { tenantId: randomUUID(), userId: randomUUID(), locale: 'en', permissions, places: Array.from({ length: 10 }, place) }
}

/** Microseconds a call takes: the median of nine rounds. */
function medianUs(calls: number, call: (n: number) => unknown): number {
  const rounds = Array.from({ length: 9 }, () => {
    const begun = performance.now()
    for (let n = 0; n < calls; n++) call(n)
    return (performance.now() - begun) * 1_000 / calls
  })
  return Math.round((rounds.toSorted((a, b) => a - b)[4] ?? 0) * 100) / 100
}
