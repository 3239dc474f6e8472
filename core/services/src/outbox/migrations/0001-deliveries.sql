alter table opsflux.outbox
  -- When open pages were told; from then on the row waits for after-hooks, and its payload holds the record as the change left it.
  add column told_at timestamptz,
  -- Hooks that have run: `<plugin>:<event>`.
  add column done text[] not null default '{}',
  -- When it was given up. The problem says why.
  add column parked_at timestamptz;
create index outbox_record on opsflux.outbox (plugin_id, record_id, position) where told_at is not null and parked_at is null;
