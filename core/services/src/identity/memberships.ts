import { sql, type DatabaseTransaction } from '@opsflux/data'
import { refused, writeAccess, wrong, type AccessParts, type Refusals, type TenantActor } from './access-writing.ts'
import { actorOfCaller, assertHolds, isAdministrator, withInherited } from './roles.ts'
import type { SignedIn } from './signed-in.ts'

interface Named { id: string; name: string }

/** A role a user holds besides his system role. */
export interface Membership {
  id: string
  role: Named
  /** Null: held in the whole tenant. */
  company: Named | null
  /** Null: held at the company, and at none of its departments. */
  department: Named | null
}

export interface MembershipInput {
  role: string
  company?: string | null
  /** One of the company. */
  department?: string | null
}

/** Of one user. */
export const maxMemberships = 100

const refusals: Refusals = {
  membership_once: refused('conflict', 'The user holds this role there already.'),
  membership_user: refused('not-found', 'There is no such user.'),
  membership_role: wrong('/role', 'reference', 'There is no such role.'),
  membership_company: wrong('/company', 'reference', 'There is no such company.'),
  membership_department: wrong('/department', 'reference', 'There is no such department in this company.'),
  membership_check: wrong('/company', 'required', 'Name the company of the department.'),
}

/** Who holds which role where (CORE-02.3). */
export class Memberships {
  readonly #parts: AccessParts

  constructor(parts: AccessParts) {
    this.#parts = parts
  }

  list(actor: TenantActor, userId: string): Promise<Membership[]> {
    return this.#parts.database.transaction(actor, (transaction) => selectMemberships(transaction, sql`m.user_id = ${userId}::uuid`))
  }

  /** @throws not-found, conflict, validation-failed, forbidden when the caller does not hold what the role permits, or is the user */
  async add(caller: SignedIn, userId: string, { role, company = null, department = null }: MembershipInput): Promise<Membership> {
    // Even an empty role at a company widens what is held for "the companies of the user".
    if (userId.toLowerCase() === caller.id && !isAdministrator(caller)) throw refused('forbidden', 'Nobody gives himself a role. Ask an administrator.')
    const added = await writeAccess(this.#parts, actorOfCaller(caller), refusals, async (transaction) => {
      assertHolds(caller, await withInherited(transaction, role))
      const [row] = await transaction.texts(sql`insert into opsflux.membership (tenant_id, user_id, role_id, company_id, department_id)
        select ${caller.tenantId}::uuid, ${userId}::uuid, ${role}::uuid, ${company}::uuid, ${department}::uuid
        where (select count(*) from opsflux.membership where user_id = ${userId}::uuid) < ${maxMemberships}::integer returning id`)
      if (!row) throw refused('conflict', `The user holds ${maxMemberships} roles: no more can be added.`)
      const [membership] = await selectMemberships(transaction, sql`m.id = ${row[0]}::uuid`)
      return membership
    })
    this.#parts.noteChanged(userId.toLowerCase())
    if (!added) throw refused('not-found', 'There is no such membership.')
    return added
  }

  /** @throws not-found */
  async remove(actor: TenantActor, userId: string, id: string): Promise<void> {
    const [row] = await writeAccess(this.#parts, actor, {}, (transaction) => transaction.texts(sql`delete from opsflux.membership where id = ${id}::uuid and user_id = ${userId}::uuid returning id`))
    if (!row) throw refused('not-found', 'The user holds no such role.')
    this.#parts.noteChanged(userId.toLowerCase())
  }
}

async function selectMemberships(transaction: DatabaseTransaction, condition: ReturnType<typeof sql>): Promise<Membership[]> {
  const rows = await transaction.texts(sql`select m.id, r.id, r.name, c.id, c.name, d.id, d.name from opsflux.membership m
    join opsflux.role r on r.id = m.role_id left join opsflux.company c on c.id = m.company_id left join opsflux.department d on d.id = m.department_id
    where ${condition} order by c.name nulls first, d.name nulls first, r.name, m.id`)
  return rows.map(([id, roleId, role, companyId, company, departmentId, department]) => ({
    id: id ?? '', role: { id: roleId ?? '', name: role ?? '' }, company: named(companyId, company), department: named(departmentId, department),
  }))
}

const named = (id: string | null | undefined, name: string | null | undefined): Named | null => (typeof id === 'string' ? { id, name: name ?? '' } : null)
