-- Fields that administrators add to entities of plugins, per tenant. Their values are in the column `custom` of the entity's table.
create table opsflux.custom_field (
  id uuid primary key,
  tenant_id uuid not null references opsflux.tenant (id) on delete cascade,
  plugin_id text not null,
  entity text not null,
  name text not null check (name ~ '^[a-z][a-zA-Z0-9]{0,39}$'),
  kind text not null check (kind in ('string', 'text', 'integer', 'decimal', 'boolean', 'date', 'datetime', 'enum', 'user')),
  position integer not null,
  required boolean not null,
  label jsonb not null,
  help jsonb not null default '{}',
  -- What its kind takes: min, max, maxLength, precision, scale, values.
  rules jsonb not null default '{}',
  indexed boolean not null,
  index_state text check (index_state in ('building', 'ready', 'failed')),
  revision integer not null default 1,
  created_at timestamptz not null default now(),
  created_by uuid not null,
  updated_at timestamptz not null default now(),
  updated_by uuid not null,
  -- Then its values are kept, unseen, and so is its name, until it is restored or purged.
  deleted_at timestamptz,
  check (indexed = (index_state is not null)),
  unique (tenant_id, plugin_id, entity, name)
);
create index custom_field_plugin on opsflux.custom_field (plugin_id) where indexed;

alter table opsflux.custom_field enable row level security;
alter table opsflux.custom_field force row level security;
create policy tenant_isolation on opsflux.custom_field to opsflux_app using (tenant_id = current_setting('opsflux.tenant')::uuid) with check (tenant_id = current_setting('opsflux.tenant')::uuid);
create policy owner_access on opsflux.custom_field to current_user using (true) with check (true);
grant select, insert, update, delete on opsflux.custom_field to opsflux_app;

-- Every host keeps the fields in memory.
create function opsflux.tell_custom_field() returns trigger language plpgsql set search_path = '' as $$
declare
  field opsflux.custom_field := case when tg_op = 'DELETE' then old else new end;
begin
  perform pg_catalog.pg_notify('opsflux_custom_fields', pg_catalog.concat_ws(' ', field.tenant_id, field.plugin_id, field.entity));
  return null;
end
$$;
create trigger custom_field_changed after insert or update or delete on opsflux.custom_field for each row execute function opsflux.tell_custom_field();
