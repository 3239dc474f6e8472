import pg from 'pg'

const columns = 'id, type, actual_severity, potential_severity, site, occurred_at, description'
const values = `
  gen_random_uuid(), (array['nearMiss', 'propertyDamage', 'environmental', 'processSafety'])[1 + n % 4], (array['I', 'II', 'III', 'IV'])[1 + n % 4], (array['III', 'IV', 'V'])[1 + n % 3],
  'Platform ' || n % 12, timestamptz '2024-01-01' + n * interval '97 minutes', 'Report ' || n || ': a hose burst during the pressure test of the line and nobody was hurt.'`

/** The same rows in the table of hse-bench and in one of the floor, which has the same columns and indexes but for the tenant. */
export async function fill(databaseUrl: string, rows: number): Promise<{ id: string; floorId: string }> {
  return withClient(databaseUrl, async (client) => {
    await client.query(`
      create schema bench;
      create table bench.incident (
        id uuid primary key default gen_random_uuid(), revision integer not null default 1, created_at timestamptz not null default now(), created_by uuid, updated_at timestamptz not null default now(), updated_by uuid,
        deleted_at timestamptz, deleted_by uuid, custom jsonb not null default '{}', state text not null default 'draft', type varchar(40) not null, actual_severity text not null, potential_severity text not null,
        site varchar(120) not null, occurred_at timestamptz not null, description text not null);
      create index on bench.incident (occurred_at, id)`)
    await client.query(`insert into bench.incident (${columns}, created_by, updated_by) select ${values}, u.id, u.id from generate_series(1, $1) n, opsflux.user_account u`, [rows])
    await fillBench(client, 1, rows)
    await client.query('vacuum analyze bench.incident')
    await client.query('vacuum analyze p_hse_bench.incident')
    return { id: await anyId(client, 'p_hse_bench.incident'), floorId: await anyId(client, 'bench.incident') }
  })
}

/** Adds rows to hse-bench until there are so many. */
export async function fillUpTo(databaseUrl: string, rows: number, say: (text: string) => void): Promise<void> {
  const step = 500_000
  await withClient(databaseUrl, async (client) => {
    await client.query('set synchronous_commit = off')
    const { rows: [counted] } = await client.query<{ count: string }>('select count(*) from p_hse_bench.incident')
    for (let from = Number(counted?.count) + 1; from <= rows; from += step) {
      await fillBench(client, from, Math.min(rows, from + step - 1))
      say(`${Math.min(rows, from + step - 1).toLocaleString('en')} rows`)
    }
    await client.query('vacuum analyze p_hse_bench.incident')
  })
}

async function fillBench(client: pg.Client, from: number, to: number): Promise<void> {
  await client.query(`insert into p_hse_bench.incident (${columns}, tenant_id, created_by, updated_by) select ${values}, t.id, u.id, u.id from generate_series($1::bigint, $2::bigint) n, opsflux.tenant t, opsflux.user_account u`, [from, to])
}

async function anyId(client: pg.Client, table: string): Promise<string> {
  const { rows } = await client.query<{ id: string }>(`select id from ${table} limit 1`)
  return rows[0]?.id ?? ''
}

async function withClient<T>(connectionString: string, work: (client: pg.Client) => Promise<T>): Promise<T> {
  const client = new pg.Client({ connectionString })
  await client.connect()
  try {
    return await work(client)
  } finally {
    await client.end()
  }
}
