-- Requests still reach nothing of it: they have no grant, and now no policy either.
alter table opsflux.plugin_secret enable row level security;
alter table opsflux.plugin_secret force row level security;
create policy owner_access on opsflux.plugin_secret to current_user using (true) with check (true);
