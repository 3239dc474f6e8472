import pg from 'pg'

const columns = 'id, type, actual_severity, potential_severity, site, occurred_at, description'
const values = `
  gen_random_uuid(), (array['nearMiss', 'propertyDamage', 'environmental', 'processSafety'])[1 + n % 4], (array['I', 'II', 'III', 'IV'])[1 + n % 4], (array['III', 'IV', 'V'])[1 + n % 3],
  'Platform ' || n % 12, timestamptz '2024-01-01' + n * interval '97 minutes', 'Report ' || n || ': a hose burst during the pressure test of the line and nobody was hurt.'`

/** The same rows in the tables of the plugins and of the floor, with the same indexes but for the tenant. */
export async function fill(databaseUrl: string, rows: number): Promise<{ id: string; floorId: string }> {
  const client = new pg.Client({ connectionString: databaseUrl })
  await client.connect()
  try {
    await client.query(`
      create schema bench;
      create table bench.incident (
        id uuid primary key default gen_random_uuid(), type text not null, actual_severity text not null, potential_severity text not null, site varchar(120) not null,
        occurred_at timestamptz not null, description text not null, state text not null default 'draft', revision integer not null default 1);
      create index on bench.incident (type);
      create index on bench.incident (occurred_at, id);`)
    await client.query(`insert into bench.incident (${columns}) select ${values} from generate_series(1, $1) n`, [rows])
    await client.query(
      `insert into p_hse_reports.incident (${columns}, tenant_id, created_by, updated_by, injured)
       select ${values}, t.id, u.id, u.id, 0 from generate_series(1, $1) n, opsflux.tenant t, opsflux.user_account u`, [rows])
    await client.query('analyze bench.incident; analyze p_hse_reports.incident')
    return { id: await anyId(client, 'p_hse_reports.incident'), floorId: await anyId(client, 'bench.incident') }
  } finally {
    await client.end()
  }
}

async function anyId(client: pg.Client, table: string): Promise<string> {
  const { rows } = await client.query<{ id: string }>(`select id from ${table} limit 1`)
  return rows[0]?.id ?? ''
}
