-- Who changed which record, and how: written in the transaction of the change, never altered.
create table opsflux.audit_entry (
  id uuid primary key,
  tenant_id uuid not null references opsflux.tenant (id) on delete cascade,
  at timestamptz not null,
  plugin_id text not null,
  entity text not null,
  record_id uuid not null,
  action text not null check (action in ('create', 'update', 'delete', 'transition', 'restore', 'purge', 'refused')),
  -- Of the record after the change.
  revision integer not null,
  user_id uuid not null,
  transition text,
  -- Why an access was refused: the code of the error.
  reason text,
  -- Plugins whose hooks took part.
  hooks text[] not null default '{}',
  -- By field: {"from", "to"}, and the plugin whose hook changed it.
  changes jsonb not null
);
create index audit_entry_record on opsflux.audit_entry (tenant_id, plugin_id, entity, record_id, revision);
create index audit_entry_at on opsflux.audit_entry (tenant_id, at);

-- What is to be told once a change is committed: after-hooks and open pages. Rows go when they are told.
create table opsflux.outbox (
  position bigint generated always as identity primary key,
  tenant_id uuid not null references opsflux.tenant (id) on delete cascade,
  plugin_id text not null,
  entity text not null,
  record_id uuid not null,
  action text not null,
  revision integer not null,
  user_id uuid not null,
  at timestamptz not null,
  transition text,
  payload jsonb not null,
  attempts integer not null default 0,
  next_attempt_at timestamptz,
  problem text
);
create index outbox_plugin on opsflux.outbox (plugin_id, position);

-- Answers to writes with an Idempotency-Key, to be given again to the same request.
create table opsflux.idempotent_request (
  tenant_id uuid not null references opsflux.tenant (id) on delete cascade,
  user_id uuid not null,
  key text not null,
  request_sha256 text not null,
  status integer not null,
  headers jsonb not null,
  body text,
  at timestamptz not null default now(),
  primary key (tenant_id, user_id, key)
);
create index idempotent_request_at on opsflux.idempotent_request (at);

create table opsflux.sequence_counter (
  tenant_id uuid not null references opsflux.tenant (id) on delete cascade,
  plugin_id text not null,
  entity text not null,
  field text not null,
  -- 0 for numbers that do not begin again each year.
  year integer not null,
  value bigint not null,
  primary key (tenant_id, plugin_id, entity, field, year)
);

alter table opsflux.audit_entry enable row level security;
alter table opsflux.audit_entry force row level security;
alter table opsflux.outbox enable row level security;
alter table opsflux.outbox force row level security;
alter table opsflux.idempotent_request enable row level security;
alter table opsflux.idempotent_request force row level security;
alter table opsflux.sequence_counter enable row level security;
alter table opsflux.sequence_counter force row level security;
create policy tenant_isolation on opsflux.audit_entry to opsflux_app using (tenant_id = current_setting('opsflux.tenant')::uuid) with check (tenant_id = current_setting('opsflux.tenant')::uuid);
create policy tenant_isolation on opsflux.outbox to opsflux_app using (tenant_id = current_setting('opsflux.tenant')::uuid) with check (tenant_id = current_setting('opsflux.tenant')::uuid);
create policy tenant_isolation on opsflux.idempotent_request to opsflux_app using (tenant_id = current_setting('opsflux.tenant')::uuid) with check (tenant_id = current_setting('opsflux.tenant')::uuid);
create policy tenant_isolation on opsflux.sequence_counter to opsflux_app using (tenant_id = current_setting('opsflux.tenant')::uuid) with check (tenant_id = current_setting('opsflux.tenant')::uuid);
create policy owner_access on opsflux.audit_entry to current_user using (true) with check (true);
create policy owner_access on opsflux.outbox to current_user using (true) with check (true);
create policy owner_access on opsflux.idempotent_request to current_user using (true) with check (true);
create policy owner_access on opsflux.sequence_counter to current_user using (true) with check (true);

grant select, insert on opsflux.audit_entry to opsflux_app;
grant insert on opsflux.outbox to opsflux_app;
grant select, insert, delete on opsflux.idempotent_request to opsflux_app;
grant select, insert, update on opsflux.sequence_counter to opsflux_app;
