-- Plans made before they said what is granted.
delete from opsflux.change_plan;

-- Host calls refused for want of a capability: who asked, for what, how often within the hour.
create table opsflux.capability_refusal (
  plugin_id text not null,
  tenant_id uuid not null,
  user_id uuid not null,
  capability text not null,
  detail text not null,
  hour timestamptz not null,
  count bigint not null,
  last_at timestamptz not null,
  primary key (plugin_id, tenant_id, user_id, capability, detail, hour)
);
create index capability_refusal_recent on opsflux.capability_refusal (plugin_id, tenant_id, last_at desc);
create index capability_refusal_hour on opsflux.capability_refusal (hour);
alter table opsflux.capability_refusal enable row level security;
create policy tenant_isolation on opsflux.capability_refusal to opsflux_app using (tenant_id = current_setting('opsflux.tenant')::uuid);

-- Figures chosen by an admin: for a plugin what it may use, for the platform (plugin_id '') the ceilings of all.
create table opsflux.sandbox_limit (
  plugin_id text primary key,
  limits jsonb not null check (jsonb_typeof(limits) = 'object'),
  changed_by text not null,
  changed_at timestamptz not null default now()
);
