create table opsflux.change_plan (
  hash text primary key,
  request jsonb not null,
  plan jsonb not null,
  fingerprint text not null,
  created_by uuid not null,
  created_at timestamptz not null default now()
);
-- One running operation a plugin, whatever the host.
create unique index operation_one_running on opsflux.operation (plugin_id) where state = 'running';
