alter table opsflux.capability_refusal force row level security;
create policy owner_access on opsflux.capability_refusal to current_user using (true) with check (true);
