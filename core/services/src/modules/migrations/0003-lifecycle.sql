-- A revoked release is blocked: not loaded, its data kept.
alter table opsflux.installation drop constraint installation_state_check;
alter table opsflux.installation add constraint installation_state_check
  check (state in ('installed', 'active', 'disabled', 'failed', 'stopped', 'blocked'));

-- The publisher's keys that verified the release's manifest.sig when it was installed: checked again at every load.
-- Null for releases installed before keys were kept; those are held by the seal alone.
alter table opsflux.release_seal add column public_keys jsonb;

-- The registry's word as it was last verified: it holds on every host, after a restart, and while the registry is out of reach.
create table opsflux.registry_state (
  id boolean primary key default true check (id),
  checked_at timestamptz,
  expires timestamptz
);
create table opsflux.revoked_release (
  plugin_id text not null,
  version text not null,
  digest text not null,
  reason text not null,
  revoked_at timestamptz not null,
  revoked_by text not null check (revoked_by in ('registry', 'publisher')),
  primary key (plugin_id, version, digest, revoked_by)
);
