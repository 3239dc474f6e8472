import { OpsFluxError } from '@opsflux/sdk'
import type pg from 'pg'
import { appRole, quoteIdentifier } from '../database/roles.ts'
import { isKeptTable } from './names.ts'

// As a sub-select it is worked out once a statement, not once a row: counting 10,000 rows takes a third less.
const isolation = "tenant_id = (select current_setting('opsflux.tenant')::uuid)"

/**
 * Puts every table of the schema under row-level security and gives requests access to it, then reads the catalogue to
 * prove it. Runs as the owner role, in the transaction that changed the schema.
 * @throws migration-failed when a table or another object breaks the rules
 */
export async function protectTables(client: pg.Client, schema: string, owner: string): Promise<void> {
  await refuseForeignObjects(client, schema)
  const tables = await readTables(client, schema)
  for (const table of tables) {
    if (!table.tenant) throw broken(`the table ${table.name} has no column "tenant_id uuid not null"`)
  }
  await client.query([
    `grant usage on schema ${quoteIdentifier(schema)} to ${appRole}`,
    ...tables.flatMap(({ name }) => statementsFor(schema, name, owner)),
    `grant usage on all sequences in schema ${quoteIdentifier(schema)} to ${appRole}`,
  ].join(';\n'))
  await prove(client, schema, owner)
}

function statementsFor(schema: string, name: string, owner: string): string[] {
  const table = `${quoteIdentifier(schema)}.${quoteIdentifier(name)}`
  return [
    `alter table ${table} enable row level security, force row level security`,
    `drop policy if exists tenant_isolation on ${table}`,
    `create policy tenant_isolation on ${table} to ${appRole} using (${isolation}) with check (${isolation})`,
    `drop policy if exists owner_access on ${table}`,
    `create policy owner_access on ${table} to ${quoteIdentifier(owner)} using (true) with check (true)`,
    `revoke all on ${table} from public, ${appRole}`,
    ...(isKeptTable(name) ? [] : [`grant select, insert, update, delete on ${table} to ${appRole}`]),
  ]
}

async function readTables(client: pg.Client, schema: string): Promise<{ name: string; tenant: boolean }[]> {
  const { rows } = await client.query<{ name: string; tenant: boolean }>(`
    select c.relname as name, exists (
      select from pg_attribute a where a.attrelid = c.oid and a.attname = 'tenant_id' and a.atttypid = 'uuid'::regtype and a.attnotnull and not a.attisdropped
    ) as tenant
    from pg_class c where c.relnamespace = $1::regnamespace and c.relkind = 'r' order by c.relname`, [quoteIdentifier(schema)])
  return rows
}

// The parser's rules should have let none of these through: this is the second lock on the same door.
async function refuseForeignObjects(client: pg.Client, schema: string): Promise<void> {
  const { rows } = await client.query<{ reason: string }>(`
    select format('%s is neither a plain table nor an index, sequence, type or view', c.relname) as reason
      from pg_class c where c.relnamespace = $1::regnamespace and (c.relkind not in ('r', 'i', 'S', 'v', 'c') or c.relpersistence <> 'p' or c.relispartition)
    union all select format('%s belongs to another role', c.relname) from pg_class c where c.relnamespace = $1::regnamespace and c.relowner <> current_user::regrole
    union all select format('the function %s is not allowed', p.proname) from pg_proc p where p.pronamespace = $1::regnamespace
    union all select format('the trigger %s is not allowed', t.tgname) from pg_trigger t join pg_class c on c.oid = t.tgrelid where c.relnamespace = $1::regnamespace and not t.tgisinternal
    union all select format('the table %s inherits', c.relname) from pg_inherits i join pg_class c on c.oid = i.inhrelid where c.relnamespace = $1::regnamespace
    union all select format('the constraint %s points out of the schema', o.conname) from pg_constraint o join pg_class f on f.oid = o.confrelid
      where o.connamespace = $1::regnamespace and f.relnamespace <> $1::regnamespace`, [quoteIdentifier(schema)])
  if (rows[0] !== undefined) throw broken(rows[0].reason)
}

// What the catalogue must say of every table afterwards; the test of isolation asks the same of a whole database.
async function prove(client: pg.Client, schema: string, owner: string): Promise<void> {
  const { rows } = await client.query<{ name: string }>(`
    select c.relname as name from pg_class c
    where c.relnamespace = $1::regnamespace and c.relkind = 'r' and (
      not c.relrowsecurity or not c.relforcerowsecurity
      or array['owner_access', 'tenant_isolation'] is distinct from (select array_agg(p.polname::text order by p.polname) from pg_policy p where p.polrelid = c.oid)
      or exists (select from pg_policy p where p.polrelid = c.oid and (not p.polpermissive or p.polcmd <> '*'
        or p.polroles <> case p.polname when 'tenant_isolation' then array[$2::regrole::oid] else array[$3::regrole::oid] end
        or p.polname = 'tenant_isolation' and pg_get_expr(p.polqual, p.polrelid) is distinct from pg_get_expr(p.polwithcheck, p.polrelid)))
      or exists (select from aclexplode(c.relacl) a where a.grantee not in ($2::regrole::oid, $3::regrole::oid)))`, [quoteIdentifier(schema), appRole, quoteIdentifier(owner)])
  if (rows[0] !== undefined) throw broken(`the table ${rows[0].name} could not be put under row-level security`)
}

const broken = (reason: string): OpsFluxError =>
  new OpsFluxError('migration-failed', `The migrations are refused: ${reason}. Nothing was changed; the publisher has to correct them.`)
