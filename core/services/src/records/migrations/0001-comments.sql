-- What users say about records. Threads have one level: an answer has no answers.
create table opsflux.comment (
  id uuid primary key,
  tenant_id uuid not null references opsflux.tenant (id) on delete cascade,
  plugin_id text not null,
  entity text not null,
  record_id uuid not null,
  parent uuid references opsflux.comment (id) on delete cascade,
  text text not null check (char_length(text) <= 10000),
  created_at timestamptz not null default now(),
  created_by uuid not null,
  edited_at timestamptz,
  -- Deleted while it had answers: its text is gone, its place stays.
  deleted_at timestamptz
);
create index comment_record on opsflux.comment (tenant_id, plugin_id, entity, record_id, id);
create index comment_parent on opsflux.comment (parent) where parent is not null;

alter table opsflux.comment enable row level security;
alter table opsflux.comment force row level security;
create policy tenant_isolation on opsflux.comment to opsflux_app using (tenant_id = current_setting('opsflux.tenant')::uuid) with check (tenant_id = current_setting('opsflux.tenant')::uuid);
create policy owner_access on opsflux.comment to current_user using (true) with check (true);

grant select, insert, delete, update (text, edited_at, deleted_at) on opsflux.comment to opsflux_app;
