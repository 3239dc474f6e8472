export type SystemRole = 'admin' | 'user' | 'guest'

/** What a user holds at one place, inherited roles included. */
export interface Held {
  /** Null: in the whole tenant. */
  companyId: string | null
  /** The department it is held at and those below; none where it is held at the company. */
  departmentIds: readonly string[]
  systemRoles: readonly SystemRole[]
  /** `<app>.<action>.<scope>`. */
  permissions: readonly string[]
}

/** Who a request speaks for. */
export interface SignedIn {
  id: string
  tenantId: string
  tenantName: string
  email: string
  name: string
  locale: string
  /** Held in the whole tenant. */
  role: SystemRole
  mustChangePassword: boolean
  held: readonly Held[]
}

export interface AccountRow {
  id: string
  tenant_id: string
  tenant_name: string
  email: string
  name: string
  locale: string
  role: SystemRole
  must_change_password: boolean
  held: Held[]
}

export function signedInOf(row: AccountRow): SignedIn {
  return {
    id: row.id, tenantId: row.tenant_id, tenantName: row.tenant_name, email: row.email, name: row.name,
    locale: row.locale, role: row.role, mustChangePassword: row.must_change_password, held: row.held,
  }
}
