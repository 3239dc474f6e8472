-- A grant has come to say more than a name: [{"name": "http.fetch", "hosts": ["api.example.com"]}].
create function opsflux.grants_of_names(names text[]) returns jsonb language sql immutable set search_path = pg_catalog, pg_temp as $$
  select coalesce(jsonb_agg(jsonb_build_object('name', name) order by position), '[]') from unnest(names) with ordinality as list (name, position)
$$;
alter table opsflux.installation alter column granted drop default;
alter table opsflux.installation alter column granted type jsonb using opsflux.grants_of_names(granted);
alter table opsflux.installation alter column granted set default '[]';
alter table opsflux.installation add constraint installation_granted_is_list check (jsonb_typeof(granted) = 'array');
alter table opsflux.restore_point alter column granted type jsonb using opsflux.grants_of_names(granted);
alter table opsflux.restore_point add constraint restore_point_granted_is_list check (jsonb_typeof(granted) = 'array');
drop function opsflux.grants_of_names(text[]);

-- What one organisation has taken back for itself, as grants: a name without hosts is all of it. Null: nothing.
alter table opsflux.installation_tenant add column withdrawn jsonb check (withdrawn is null or jsonb_typeof(withdrawn) = 'array');

-- Changes that were staged with names alone: whoever staged them is gone, and recovery discards them.
delete from opsflux.staged_change;

-- As before, but for `granted`.
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
