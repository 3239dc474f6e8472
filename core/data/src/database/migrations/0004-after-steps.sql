-- Statements of a plugin's migrations that run one by one once their change is committed. None is forgotten before it is done.
create table opsflux.after_step (
  plugin_id text not null,
  migration text not null,
  -- In the migration's file, from 1; they run in this order.
  position integer not null,
  -- Of the statement.
  sha256 text not null,
  statement text not null,
  -- `running` without a session that holds the plugin's lock: its host died, and it is taken up again.
  state text not null default 'pending' check (state in ('pending', 'running', 'done', 'failed')),
  -- Of the last run that began: what an earlier one still says no longer counts.
  run uuid,
  attempts integer not null default 0,
  next_attempt_at timestamptz,
  -- Touched by a batch so far.
  rows bigint,
  problem text,
  started_at timestamptz,
  ended_at timestamptz,
  primary key (plugin_id, migration, sha256)
);
create index after_step_waiting on opsflux.after_step (plugin_id) where state <> 'done';

-- The steps as they were when the rows were copied: those that are done have left what a restore point brings back.
alter table opsflux.restore_point add column after_steps jsonb not null default '[]';

-- As before, and the steps after the change.
create or replace function opsflux.finish_change(change_id uuid, token text) returns void
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
    delete from opsflux.after_step s where s.plugin_id = staged.plugin_id
      and not exists (select from opsflux.plugin_migration m where m.plugin_id = s.plugin_id and m.id = s.migration);
  end if;

  if p ? 'afterSteps' then
    -- What is done is not done again, unless a restore point knows better.
    delete from opsflux.after_step s where s.plugin_id = staged.plugin_id and (s.state <> 'done' or p -> 'afterSteps' -> 'replaces' = 'true');
    insert into opsflux.after_step (plugin_id, migration, position, sha256, statement, state, started_at)
      select staged.plugin_id, n.migration, n.position, n.sha256, n.statement, n.state, n."startedAt"
      from jsonb_to_recordset(p -> 'afterSteps' -> 'steps') as n (migration text, position integer, sha256 text, statement text, state text, "startedAt" timestamptz)
    on conflict (plugin_id, migration, sha256) do nothing;
  end if;

  if p -> 'installation' = 'null' then
    delete from opsflux.installation where plugin_id = staged.plugin_id;
    delete from opsflux.installation_tenant where plugin_id = staged.plugin_id;
  elsif p ? 'installation' then
    insert into opsflux.installation as i (plugin_id, version, digest, source, state, reason, manifest, granted, changed_by)
      select staged.plugin_id, n.version, n.digest, n.source, n.state, n.reason, n.manifest, coalesce(n.granted, '[]'), n."changedBy"
      from jsonb_to_record(p -> 'installation')
        as n (version text, digest text, source text, state text, reason text, manifest jsonb, granted jsonb, "changedBy" text)
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
