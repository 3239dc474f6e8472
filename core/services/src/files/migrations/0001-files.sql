-- What users uploaded. The content is in the file store under tenant and sha-256; several files may share it.
create table opsflux.file (
  id uuid primary key,
  tenant_id uuid not null references opsflux.tenant (id) on delete cascade,
  name text not null check (char_length(name) between 1 and 255),
  type text not null,
  bytes bigint not null check (bytes between 1 and 26214400),
  sha256 text not null check (sha256 ~ '^[0-9a-f]{64}$'),
  created_at timestamptz not null default now(),
  created_by uuid not null,
  -- Since when no record uses it; means nothing while one does.
  unused_since timestamptz default now(),
  unique (tenant_id, id)
);
create index file_content on opsflux.file (tenant_id, sha256);
create index file_unused on opsflux.file (tenant_id, created_by, unused_since) where unused_since is not null;

-- Records that use a file: as an attachment, or in a field. Foreign keys are checked past row-level security, so the key holds the tenant.
create table opsflux.file_use (
  tenant_id uuid not null references opsflux.tenant (id) on delete cascade,
  file_id uuid not null,
  plugin_id text not null,
  entity text not null,
  record_id uuid not null,
  -- Null for an attachment.
  field text,
  at timestamptz not null default now(),
  by uuid not null,
  unique nulls not distinct (tenant_id, plugin_id, entity, record_id, field, file_id),
  foreign key (tenant_id, file_id) references opsflux.file (tenant_id, id) on delete no action
);
create index file_use_file on opsflux.file_use (tenant_id, file_id);

create function opsflux.note_file_use() returns trigger
language plpgsql security definer set search_path = '' as $$
begin
  if tg_op = 'INSERT' then
    update opsflux.file set unused_since = null where id = new.file_id and unused_since is not null;
  else
    update opsflux.file set unused_since = now() where id = old.file_id;
  end if;
  return null;
end
$$;
revoke execute on function opsflux.note_file_use() from public;
create trigger file_use_noted after insert or delete on opsflux.file_use for each row execute function opsflux.note_file_use();

alter table opsflux.file enable row level security;
alter table opsflux.file force row level security;
alter table opsflux.file_use enable row level security;
alter table opsflux.file_use force row level security;
create policy tenant_isolation on opsflux.file to opsflux_app using (tenant_id = current_setting('opsflux.tenant')::uuid) with check (tenant_id = current_setting('opsflux.tenant')::uuid);
create policy tenant_isolation on opsflux.file_use to opsflux_app using (tenant_id = current_setting('opsflux.tenant')::uuid) with check (tenant_id = current_setting('opsflux.tenant')::uuid);
create policy owner_access on opsflux.file to current_user using (true) with check (true);
create policy owner_access on opsflux.file_use to current_user using (true) with check (true);

grant select, insert, delete on opsflux.file, opsflux.file_use to opsflux_app;
