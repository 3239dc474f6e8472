-- Keys and passwords of plugins, each sealed (AES-256-GCM) with a key made from the platform's secret, which is not in here.
-- For the administrator's role alone: no request can read even what is sealed.
create table opsflux.plugin_secret (
  plugin_id text not null,
  tenant_id uuid not null references opsflux.tenant (id) on delete cascade,
  name text not null,
  key_id text not null,
  nonce bytea not null check (octet_length(nonce) = 12),
  -- Followed by its tag of 16 bytes.
  sealed bytea not null check (octet_length(sealed) between 17 and 8208),
  set_at timestamptz not null default now(),
  set_by uuid not null,
  primary key (plugin_id, tenant_id, name)
);
