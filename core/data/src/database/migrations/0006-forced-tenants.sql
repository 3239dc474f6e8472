-- As every table that holds anything of a tenant: the policies hold for their owner too, who has one of his own.
alter table opsflux.tenant force row level security;
alter table opsflux.installation_tenant force row level security;
create policy owner_access on opsflux.tenant to current_user using (true) with check (true);
create policy owner_access on opsflux.installation_tenant to current_user using (true) with check (true);
