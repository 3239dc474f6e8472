create table opsflux.tenant (
  id uuid primary key,
  name text not null
);

create table opsflux.installation (
  plugin_id text primary key,
  version text not null,
  digest text not null,
  source text not null,
  state text not null check (state in ('installed', 'active', 'disabled', 'failed', 'stopped')),
  reason text,
  manifest jsonb not null,
  granted text[] not null default '{}',
  installed_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  changed_by text not null
);

create table opsflux.installation_tenant (
  plugin_id text not null,
  tenant_id uuid not null references opsflux.tenant (id) on delete cascade,
  enabled boolean not null,
  primary key (plugin_id, tenant_id)
);

-- What is applied to a plugin's schema. It outlives the installation when the data is kept.
create table opsflux.plugin_migration (
  plugin_id text not null,
  id text not null,
  sha256 text not null,
  down_sql text,
  position integer not null,
  applied_at timestamptz not null default now(),
  primary key (plugin_id, id),
  unique (plugin_id, position)
);

create table opsflux.restore_point (
  id uuid primary key,
  plugin_id text not null,
  version text not null,
  digest text not null,
  manifest jsonb not null,
  granted text[] not null,
  migrations jsonb not null,
  -- How to make the tables again; their rows are in the schema r_<id>.
  structure jsonb not null,
  rows bigint not null,
  created_at timestamptz not null default now()
);
create index restore_point_plugin on opsflux.restore_point (plugin_id, created_at desc);

create table opsflux.kept_data (
  plugin_id text primary key,
  version text not null,
  digest text not null,
  manifest jsonb not null,
  rows bigint not null,
  since timestamptz not null default now()
);

create table opsflux.operation (
  id uuid primary key,
  plugin_id text not null,
  action text not null,
  state text not null check (state in ('running', 'succeeded', 'failed', 'returned')),
  plan jsonb not null,
  steps jsonb not null default '[]',
  problem jsonb,
  started_by text not null,
  host_id text not null,
  started_at timestamptz not null default now(),
  ended_at timestamptz
);
create index operation_plugin on opsflux.operation (plugin_id, started_at desc);
create index operation_running on opsflux.operation (state) where state = 'running';

-- Highest versions of trusted metadata seen: what an older one is told apart by when the files are lost.
create table opsflux.registry_version (
  role text primary key,
  version bigint not null
);

create table opsflux.staged_change (
  id uuid primary key,
  plugin_id text not null,
  token_sha256 text not null,
  payload jsonb not null,
  staged_at timestamptz not null default now()
);

-- Called by the owner role of a plugin at the end of the transaction that changed its schema, so that data and
-- installation change together or not at all. The token is the host's: migrations cannot know it.
create function opsflux.finish_change(change_id uuid, token text) returns void
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  staged opsflux.staged_change;
  p jsonb;
begin
  delete from opsflux.staged_change s
    where s.id = change_id
      and session_user = 'p_' || replace(s.plugin_id, '-', '_') || '_owner'
      and s.token_sha256 = encode(sha256(convert_to(token, 'UTF8')), 'hex')
    returning * into staged;
  if staged.id is null then
    raise exception 'no such staged change' using errcode = 'insufficient_privilege';
  end if;
  p := staged.payload;

  if p ? 'migrations' then
    delete from opsflux.plugin_migration where plugin_id = staged.plugin_id;
    insert into opsflux.plugin_migration (plugin_id, id, sha256, down_sql, position)
      select staged.plugin_id, m ->> 'id', m ->> 'sha256', m ->> 'downSql', ordinality::integer
      from jsonb_array_elements(p -> 'migrations') with ordinality as list (m, ordinality);
  end if;

  if p -> 'installation' = 'null' then
    delete from opsflux.installation where plugin_id = staged.plugin_id;
    delete from opsflux.installation_tenant where plugin_id = staged.plugin_id;
  elsif p ? 'installation' then
    insert into opsflux.installation as i (plugin_id, version, digest, source, state, reason, manifest, granted, changed_by)
      select staged.plugin_id, n.version, n.digest, n.source, n.state, n.reason, n.manifest, coalesce(n.granted, '{}'), n."changedBy"
      from jsonb_to_record(p -> 'installation')
        as n (version text, digest text, source text, state text, reason text, manifest jsonb, granted text[], "changedBy" text)
    on conflict (plugin_id) do update set
      version = excluded.version, digest = excluded.digest, source = excluded.source, state = excluded.state, reason = excluded.reason,
      manifest = excluded.manifest, granted = excluded.granted, changed_by = excluded.changed_by, updated_at = now();
  end if;

  if p ? 'tenants' then
    insert into opsflux.installation_tenant (plugin_id, tenant_id, enabled)
      select staged.plugin_id, t.key::uuid, t.value::boolean from jsonb_each_text(p -> 'tenants') t
    on conflict (plugin_id, tenant_id) do update set enabled = excluded.enabled;
  end if;

  if p -> 'keptData' = 'null' then
    delete from opsflux.kept_data where plugin_id = staged.plugin_id;
  elsif p ? 'keptData' then
    insert into opsflux.kept_data as k (plugin_id, version, digest, manifest, rows)
      select staged.plugin_id, n.version, n.digest, n.manifest, n.rows
      from jsonb_to_record(p -> 'keptData') as n (version text, digest text, manifest jsonb, rows bigint)
    on conflict (plugin_id) do update set
      version = excluded.version, digest = excluded.digest, manifest = excluded.manifest, rows = excluded.rows, since = now();
  end if;

  if p ? 'operation' then
    update opsflux.operation set steps = coalesce(p -> 'operation' -> 'steps', steps)
      where id = (p -> 'operation' ->> 'id')::uuid and plugin_id = staged.plugin_id;
  end if;

  perform pg_notify('opsflux_modules', json_build_object('id', staged.plugin_id, 'change', staged.id)::text);
end
$$;
revoke execute on function opsflux.finish_change(uuid, text) from public;

grant usage on schema opsflux to opsflux_app;
grant select on opsflux.tenant, opsflux.installation, opsflux.installation_tenant to opsflux_app;

alter table opsflux.tenant enable row level security;
create policy tenant_isolation on opsflux.tenant to opsflux_app
  using (id = current_setting('opsflux.tenant')::uuid);
alter table opsflux.installation_tenant enable row level security;
create policy tenant_isolation on opsflux.installation_tenant to opsflux_app
  using (tenant_id = current_setting('opsflux.tenant')::uuid);
