import { sql, type DatabaseTransaction } from '@opsflux/data'
import { reservedIds } from '@opsflux/sdk'
import { refused, writeAccess, wrong, type AccessParts, type Refusals, type TenantActor } from './access-writing.ts'
import type { SignedIn, SystemRole } from './signed-in.ts'

export interface Role {
  id: string
  name: string
  /** Set for the three that every tenant has and nobody changes. */
  system: SystemRole | null
  /** Its own, without those of the roles it inherits. */
  permissions: string[]
  /** Ids of roles. */
  inherits: string[]
}
export type RoleInput = Pick<Role, 'name' | 'permissions' | 'inherits'>

/** Of one tenant, the system roles included. */
export const maxRoles = 200

const noRole = refused('not-found', 'There is no such role.')
const refusals: Refusals = {
  role_name: refused('conflict', 'There is a role of this name already. Choose another name.'),
  role_inheritance_inherited: wrong('/inherits', 'reference', 'There is no such role to inherit.'),
  role_inheritance_check: wrong('/inherits', 'circle', 'A role cannot inherit itself.'),
}
const removalRefusals: Refusals = {
  role_inheritance_inherited: refused('conflict', 'Other roles inherit this one. Change them first.'),
  membership_role: refused('conflict', 'Users hold this role. Take it back first.'),
}

/** System roles and those an administrator makes (CORE-02.5 to CORE-02.8). */
export class Roles {
  readonly #parts: AccessParts

  constructor(parts: AccessParts) {
    this.#parts = parts
  }

  list(actor: TenantActor): Promise<Role[]> {
    return this.#parts.database.transaction(actor, (transaction) => selectRoles(transaction))
  }

  /** @throws conflict, validation-failed, forbidden when the caller does not hold what it permits */
  async add(caller: SignedIn, input: RoleInput): Promise<Role> {
    const actor = actorOfCaller(caller)
    assertPlatformScopes(input.permissions)
    return writeAccess(this.#parts, actor, refusals, async (transaction) => {
      const [row] = await transaction.texts(sql`insert into opsflux.role (tenant_id, name, permissions) select ${caller.tenantId}::uuid, ${input.name}::text, ${input.permissions}::text[]
        where (select count(*) from opsflux.role) < ${maxRoles}::integer returning id`)
      const id = row?.[0]
      if (!id) throw refused('conflict', `There are ${maxRoles} roles: no more can be added.`)
      await inherit(transaction, caller, id, input.inherits)
      return one(await selectRoles(transaction, id))
    })
  }

  /** @throws not-found, conflict, validation-failed, forbidden when the caller does not hold what it permits */
  async change(caller: SignedIn, id: string, { name, permissions, inherits }: Partial<RoleInput>): Promise<Role> {
    assertPlatformScopes(permissions ?? [])
    const changed = await writeAccess(this.#parts, actorOfCaller(caller), refusals, async (transaction) => {
      const { system, ...before } = one(await selectRoles(transaction, id))
      if (system) throw refused('conflict', 'System roles are the same everywhere. Make a role that inherits this one.')
      await transaction.texts(sql`update opsflux.role set name = ${name ?? before.name}, permissions = ${permissions ?? before.permissions}::text[] where id = ${id}::uuid`)
      if (inherits) await transaction.texts(sql`delete from opsflux.role_inheritance where role_id = ${id}::uuid`)
      if (permissions || inherits) await inherit(transaction, caller, id, inherits ?? [])
      return one(await selectRoles(transaction, id))
    })
    this.#parts.noteChanged(caller.tenantId)
    return changed
  }

  /** @throws not-found, conflict while it is held or inherited */
  async remove(actor: TenantActor, id: string): Promise<void> {
    await writeAccess(this.#parts, actor, removalRefusals, async (transaction) => {
      if (one(await selectRoles(transaction, id)).system) throw refused('conflict', 'System roles cannot be removed.')
      await transaction.texts(sql`delete from opsflux.role where id = ${id}::uuid`)
    })
    this.#parts.noteChanged(actor.tenantId)
  }
}

export const actorOfCaller = ({ tenantId, id }: SignedIn): TenantActor => ({ tenantId, userId: id })

function one(roles: readonly Role[]): Role {
  const [role] = roles
  if (!role) throw noRole
  return role
}

async function selectRoles(transaction: DatabaseTransaction, id?: string): Promise<Role[]> {
  const rows = await transaction.texts(sql`select r.id, r.name, r.system, to_json(r.permissions),
      (select coalesce(json_agg(i.inherits_id order by i.inherits_id), '[]') from opsflux.role_inheritance i where i.role_id = r.id)
    from opsflux.role r${id === undefined ? sql`` : sql` where r.id = ${id}::uuid`} order by r.system nulls last, r.name, r.id`)
  return rows.map(([roleId, name, system, permissions, inherits]) => ({
    id: roleId ?? '', name: name ?? '', system: system as SystemRole | null, permissions: JSON.parse(permissions ?? '[]') as string[], inherits: JSON.parse(inherits ?? '[]') as string[],
  }))
}

async function inherit(transaction: DatabaseTransaction, caller: SignedIn, id: string, inherits: readonly string[]): Promise<void> {
  await transaction.texts(sql`insert into opsflux.role_inheritance (tenant_id, role_id, inherits_id) select ${caller.tenantId}::uuid, ${id}::uuid, inherited from unnest(${inherits}::uuid[]) as inherited`)
  const roles = await withInherited(transaction, id)
  if (roles.filter((role) => role.id === id).length > 1) throw wrong('/inherits', 'circle', 'A role cannot inherit itself, by other roles either.')
  if (roles.some(({ system }) => system === 'admin')) throw wrong('/inherits', 'reference', 'Admin holds everything there is and is inherited by no role.')
  assertHolds(caller, roles)
}

/** The role and all it inherits; itself twice where that goes in a circle. */
export async function withInherited(transaction: DatabaseTransaction, id: string): Promise<Pick<Role, 'id' | 'system' | 'permissions'>[]> {
  const rows = await transaction.texts(sql`with recursive above (id) as (
      select inherits_id from opsflux.role_inheritance where role_id = ${id}::uuid union select i.inherits_id from above a join opsflux.role_inheritance i on i.role_id = a.id)
    select r.id, r.system, to_json(r.permissions) from (select ${id}::uuid as id union all select id from above) as held join opsflux.role r on r.id = held.id`)
  return rows.map(([roleId, system, permissions]) => ({ id: roleId ?? '', system: system as SystemRole | null, permissions: JSON.parse(permissions ?? '[]') as string[] }))
}

/** Nobody gives what he does not hold in the whole tenant himself: else who may manage users may do everything. @throws forbidden */
export function assertHolds(caller: SignedIn, roles: readonly Pick<Role, 'system' | 'permissions'>[]): void {
  if (isAdministrator(caller)) return
  const own = caller.held.filter(({ companyId }) => companyId === null)
  const systemRoles = new Set<string>(own.flatMap((place) => place.systemRoles))
  const permissions = new Set(own.flatMap((place) => place.permissions))
  const foreign = roles.flatMap((role) => (role.system && !systemRoles.has(role.system) ? [`the role ${role.system}`] : role.permissions.filter((permission) => !holds(permissions, permission))))
  if (foreign[0] !== undefined) throw refused('forbidden', `You can only give what you hold yourself in the whole organisation, and ${foreign[0]} you do not. Ask an administrator.`)
}

export const isAdministrator = ({ held }: SignedIn): boolean => held.some(({ companyId, systemRoles }) => companyId === null && systemRoles.includes('admin'))

const holds = (permissions: ReadonlySet<string>, permission: string): boolean =>
  permissions.has(permission) || permissions.has(permission.replace(/[^.]+$/, 'all'))

/** @throws validation-failed */
function assertPlatformScopes(permissions: readonly string[]): void {
  const at = permissions.findIndex((permission) => (reservedIds as readonly string[]).includes(permission.slice(0, permission.indexOf('.'))) && !permission.endsWith('.all'))
  if (at !== -1) throw wrong(`/permissions/${at}`, 'scope', `Rights on the platform are for all of it: write ${permissions[at]?.replace(/[^.]+$/, 'all')}.`)
}
