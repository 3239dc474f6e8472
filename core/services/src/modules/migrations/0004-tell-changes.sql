-- Hosts keep in memory who has switched a module off, and what it was granted, until they are told otherwise.
create function opsflux.tell_module_changed() returns trigger
language plpgsql set search_path = '' as $$
begin
  perform pg_catalog.pg_notify('opsflux_modules', pg_catalog.json_build_object('id', coalesce(new.plugin_id, old.plugin_id))::text);
  return null;
end
$$;
create trigger tell_installation_changed after insert or update or delete on opsflux.installation for each row execute function opsflux.tell_module_changed();
create trigger tell_switch_changed after insert or update or delete on opsflux.installation_tenant for each row execute function opsflux.tell_module_changed();
revoke execute on function opsflux.tell_module_changed() from public;
