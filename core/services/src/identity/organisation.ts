import { sql } from '@opsflux/data'
import { refused, writeAccess, wrong, type AccessParts, type Refusals, type TenantActor } from './access-writing.ts'
import { actorOfCaller, isAdministrator } from './roles.ts'
import type { SignedIn } from './signed-in.ts'

export interface Company { id: string; name: string }
export interface Department { id: string; name: string; company: string; parent: string | null }

/** Of one tenant. */
export const maxCompanies = 1_000
export const maxDepartments = 5_000

const noCompany = refused('not-found', 'There is no such company.')
const noDepartment = refused('not-found', 'There is no such department.')
const companyRefusals: Refusals = {
  company_name: refused('conflict', 'There is a company of this name already. Choose another name.'),
  department_company: refused('conflict', 'The company has departments. Remove them first.'),
  membership_company: refused('conflict', 'Users hold roles at the company. Take them back first.'),
}
const departmentRefusals: Refusals = {
  department_name: refused('conflict', 'There is a department of this name there already. Choose another name.'),
  department_company: wrong('/company', 'reference', 'There is no such company.'),
  department_of_parent: wrong('/parent', 'reference', 'There is no such department in this company.'),
}
const removalRefusals: Refusals = {
  department_of_parent: refused('conflict', 'The department has others below it. Move or remove them first.'),
  membership_department: refused('conflict', 'Users hold roles at the department. Take them back first.'),
}

/** The companies of a tenant, each with its tree of departments (CORE-02.3, CORE-02.14, CORE-02.15). */
export class Organisation {
  readonly #parts: AccessParts

  constructor(parts: AccessParts) {
    this.#parts = parts
  }

  companies(actor: TenantActor): Promise<Company[]> {
    return this.#parts.database.transaction(actor, async (transaction) =>
      (await transaction.texts(sql`select id, name from opsflux.company order by name, id`)).map(([id, name]) => ({ id: id ?? '', name: name ?? '' })))
  }

  /** @throws conflict */
  async addCompany(actor: TenantActor, { name }: { name: string }): Promise<Company> {
    const [row] = await writeAccess(this.#parts, actor, companyRefusals, (transaction) => transaction.texts(
      sql`insert into opsflux.company (tenant_id, name) select ${actor.tenantId}::uuid, ${name}::text where (select count(*) from opsflux.company) < ${maxCompanies}::integer returning id`))
    if (!row) throw refused('conflict', `There are ${maxCompanies} companies: no more can be added.`)
    return { id: row[0] ?? '', name }
  }

  /** @throws not-found, conflict */
  async renameCompany(actor: TenantActor, id: string, { name }: { name: string }): Promise<Company> {
    const [row] = await writeAccess(this.#parts, actor, companyRefusals, (transaction) => transaction.texts(sql`update opsflux.company set name = ${name} where id = ${id}::uuid returning id`))
    if (!row) throw noCompany
    return { id, name }
  }

  /** Records that name it keep its id. @throws not-found, conflict while it has departments or users */
  async removeCompany(actor: TenantActor, id: string): Promise<void> {
    const [row] = await writeAccess(this.#parts, actor, companyRefusals, (transaction) => transaction.texts(sql`delete from opsflux.company where id = ${id}::uuid returning id`))
    if (!row) throw noCompany
  }

  departments(actor: TenantActor, company?: string): Promise<Department[]> {
    const where = company === undefined ? sql`` : sql` where company_id = ${company}::uuid`
    return this.#parts.database.transaction(actor, async (transaction) =>
      (await transaction.texts(sql`select id, name, company_id, parent_id from opsflux.department${where} order by name, id`)).map(toDepartment))
  }

  /** @throws validation-failed, conflict */
  async addDepartment(actor: TenantActor, { name, company, parent = null }: Omit<Department, 'id' | 'parent'> & { parent?: string | null }): Promise<Department> {
    const [row] = await writeAccess(this.#parts, actor, departmentRefusals, (transaction) => transaction.texts(
      sql`insert into opsflux.department (tenant_id, name, company_id, parent_id) select ${actor.tenantId}::uuid, ${name}::text, ${company}::uuid, ${parent}::uuid
        where (select count(*) from opsflux.department) < ${maxDepartments}::integer returning id, name, company_id, parent_id`))
    if (!row) throw refused('conflict', `There are ${maxDepartments} departments: no more can be added.`)
    this.#parts.noteChanged(actor.tenantId)
    return toDepartment(row)
  }

  /** @throws not-found, validation-failed when it would be below itself or in another company, conflict, forbidden */
  async changeDepartment(caller: SignedIn, id: string, { name, parent }: { name?: string; parent?: string | null }): Promise<Department> {
    // It may come below the department he holds something at, which then reaches its records.
    if (parent !== undefined && caller.held.some(({ departmentIds }) => departmentIds.length > 0) && !isAdministrator(caller)) {
      throw refused('forbidden', 'Who holds a role at a department moves none. Ask an administrator.')
    }
    const changed = await writeAccess(this.#parts, actorOfCaller(caller), departmentRefusals, async (transaction) => {
      if (parent) {
        const [circle] = await transaction.texts(sql`with recursive below (id) as (
          select ${id}::uuid union select d.id from below b join opsflux.department d on d.parent_id = b.id) select from below where id = ${parent}::uuid`)
        if (circle) throw wrong('/parent', 'circle', 'A department cannot be below itself.')
      }
      const sets = [...(name === undefined ? [] : [sql`name = ${name}`]), ...(parent === undefined ? [] : [sql`parent_id = ${parent}::uuid`]), sql`id = id`]
      return transaction.texts(sql`update opsflux.department set ${sql.join(sets)} where id = ${id}::uuid returning id, name, company_id, parent_id`)
    })
    if (!changed[0]) throw noDepartment
    this.#parts.noteChanged(caller.tenantId)
    return toDepartment(changed[0])
  }

  /** Records that name it keep its id. @throws not-found, conflict while it has departments below it or users */
  async removeDepartment(actor: TenantActor, id: string): Promise<void> {
    const [row] = await writeAccess(this.#parts, actor, removalRefusals, (transaction) => transaction.texts(sql`delete from opsflux.department where id = ${id}::uuid returning id`))
    if (!row) throw noDepartment
    this.#parts.noteChanged(actor.tenantId)
  }
}

function toDepartment([id, name, company, parent]: readonly (string | null)[]): Department {
  return { id: id ?? '', name: name ?? '', company: company ?? '', parent: parent ?? null }
}
