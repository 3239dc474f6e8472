create table opsflux.company (
  id uuid primary key default gen_random_uuid(),
  tenant_id uuid not null references opsflux.tenant (id) on delete cascade,
  name text not null,
  created_at timestamptz not null default now(),
  unique (tenant_id, id)
);
create unique index company_name on opsflux.company (tenant_id, lower(name));

-- A tree of one company.
create table opsflux.department (
  id uuid primary key default gen_random_uuid(),
  tenant_id uuid not null,
  company_id uuid not null,
  parent_id uuid,
  name text not null,
  created_at timestamptz not null default now(),
  unique (tenant_id, company_id, id),
  constraint department_company foreign key (tenant_id, company_id) references opsflux.company (tenant_id, id),
  constraint department_of_parent foreign key (tenant_id, company_id, parent_id) references opsflux.department (tenant_id, company_id, id)
);
create unique index department_name on opsflux.department (company_id, parent_id, lower(name)) nulls not distinct;
create index department_parent on opsflux.department (parent_id);

create table opsflux.role (
  id uuid primary key default gen_random_uuid(),
  tenant_id uuid not null references opsflux.tenant (id) on delete cascade,
  -- Every tenant has these three, fixed: all of everything, and what modules declare for the other two.
  system text check (system in ('admin', 'user', 'guest')),
  name text not null,
  -- <app>.<action>.<scope>
  permissions text[] not null default '{}',
  created_at timestamptz not null default now(),
  unique (tenant_id, id),
  unique (tenant_id, system),
  check (system is null or permissions = '{}')
);
create unique index role_name on opsflux.role (tenant_id, lower(name));

-- Who holds a role has the permissions of those it inherits too.
create table opsflux.role_inheritance (
  tenant_id uuid not null,
  role_id uuid not null,
  inherits_id uuid not null,
  primary key (role_id, inherits_id),
  constraint role_inheritance_role foreign key (tenant_id, role_id) references opsflux.role (tenant_id, id) on delete cascade,
  constraint role_inheritance_inherited foreign key (tenant_id, inherits_id) references opsflux.role (tenant_id, id),
  check (role_id <> inherits_id)
);
create index role_inheritance_inherits on opsflux.role_inheritance (inherits_id);

-- A role held in the whole tenant, at a company, or at a department of it and those below.
alter table opsflux.user_account add unique (tenant_id, id);
create table opsflux.membership (
  id uuid primary key default gen_random_uuid(),
  tenant_id uuid not null,
  user_id uuid not null,
  role_id uuid not null,
  company_id uuid,
  department_id uuid,
  created_at timestamptz not null default now(),
  constraint membership_once unique nulls not distinct (user_id, role_id, company_id, department_id),
  check (company_id is not null or department_id is null),
  constraint membership_user foreign key (tenant_id, user_id) references opsflux.user_account (tenant_id, id) on delete cascade,
  constraint membership_role foreign key (tenant_id, role_id) references opsflux.role (tenant_id, id),
  constraint membership_company foreign key (tenant_id, company_id) references opsflux.company (tenant_id, id),
  constraint membership_department foreign key (tenant_id, company_id, department_id) references opsflux.department (tenant_id, company_id, id)
);
create index membership_of_role on opsflux.membership (role_id);
create index membership_of_place on opsflux.membership (company_id, department_id);

alter table opsflux.company enable row level security;
alter table opsflux.company force row level security;
alter table opsflux.department enable row level security;
alter table opsflux.department force row level security;
alter table opsflux.role enable row level security;
alter table opsflux.role force row level security;
alter table opsflux.role_inheritance enable row level security;
alter table opsflux.role_inheritance force row level security;
alter table opsflux.membership enable row level security;
alter table opsflux.membership force row level security;
create policy tenant_isolation on opsflux.company to opsflux_app using (tenant_id = current_setting('opsflux.tenant')::uuid) with check (tenant_id = current_setting('opsflux.tenant')::uuid);
create policy tenant_isolation on opsflux.department to opsflux_app using (tenant_id = current_setting('opsflux.tenant')::uuid) with check (tenant_id = current_setting('opsflux.tenant')::uuid);
create policy tenant_isolation on opsflux.role to opsflux_app using (tenant_id = current_setting('opsflux.tenant')::uuid) with check (tenant_id = current_setting('opsflux.tenant')::uuid);
create policy tenant_isolation on opsflux.role_inheritance to opsflux_app using (tenant_id = current_setting('opsflux.tenant')::uuid) with check (tenant_id = current_setting('opsflux.tenant')::uuid);
create policy tenant_isolation on opsflux.membership to opsflux_app using (tenant_id = current_setting('opsflux.tenant')::uuid) with check (tenant_id = current_setting('opsflux.tenant')::uuid);
create policy owner_access on opsflux.company to current_user using (true) with check (true);
create policy owner_access on opsflux.department to current_user using (true) with check (true);
create policy owner_access on opsflux.role to current_user using (true) with check (true);
create policy owner_access on opsflux.role_inheritance to current_user using (true) with check (true);
create policy owner_access on opsflux.membership to current_user using (true) with check (true);
grant select, insert, update, delete on opsflux.company, opsflux.department, opsflux.role, opsflux.role_inheritance, opsflux.membership to opsflux_app;

create function opsflux.add_system_roles() returns trigger
language plpgsql security definer set search_path = '' as $$
begin
  insert into opsflux.role (tenant_id, system, name) values (new.id, 'admin', 'Admin'), (new.id, 'user', 'User'), (new.id, 'guest', 'Guest');
  return null;
end
$$;
create trigger add_system_roles after insert on opsflux.tenant for each row execute function opsflux.add_system_roles();
insert into opsflux.role (tenant_id, system, name)
  select tenant.id, system.value, initcap(system.value) from opsflux.tenant, (values ('admin'), ('user'), ('guest')) as system (value);

-- What an account holds, a row for each place: companyId null is the whole tenant. `union` ends where roles or departments go in a circle.
create function opsflux.held_by(account uuid) returns jsonb
language sql stable security definer set search_path = '' as $$
  with recursive holding (company_id, department_id, role_id) as (
    (
      select null::uuid, null::uuid, r.id from opsflux.user_account a join opsflux.role r on r.tenant_id = a.tenant_id and r.system = a.role where a.id = account
      union all
      select m.company_id, m.department_id, m.role_id from opsflux.membership m where m.user_id = account
    )
    union
    select h.company_id, h.department_id, i.inherits_id from holding h join opsflux.role_inheritance i on i.role_id = h.role_id
  ),
  below (top, id) as (
    select department_id, department_id from holding where department_id is not null
    union
    select b.top, d.id from below b join opsflux.department d on d.parent_id = b.id
  ),
  place as (
    select h.company_id, h.department_id,
      coalesce(jsonb_agg(distinct r.system) filter (where r.system is not null), '[]') as system_roles,
      coalesce(jsonb_agg(distinct permission) filter (where permission is not null), '[]') as permissions
    from holding h join opsflux.role r on r.id = h.role_id left join lateral unnest(r.permissions) as permission on true
    group by h.company_id, h.department_id
  )
  select coalesce(jsonb_agg(jsonb_build_object(
    'companyId', p.company_id, 'departmentIds', (select coalesce(jsonb_agg(b.id order by b.id), '[]') from below b where b.top = p.department_id),
    'systemRoles', p.system_roles, 'permissions', p.permissions
  ) order by p.company_id, p.department_id), '[]') from place p
$$;

create function opsflux.session_of(token_digest text)
returns table (id uuid, tenant_id uuid, tenant_name text, email text, name text, locale text, role text, must_change_password boolean, held jsonb, seconds_left double precision)
language sql stable security definer set search_path = '' as $$
  select a.id, a.tenant_id, t.name, a.email, a.name, a.locale, a.role, a.must_change_password, opsflux.held_by(a.id), extract(epoch from s.expires_at - now())::double precision
  from opsflux.user_session s
  join opsflux.user_account a on a.id = s.user_id
  join opsflux.tenant t on t.id = a.tenant_id
  where s.token_sha256 = token_digest and s.expires_at > now()
$$;

create function opsflux.account_of(tenant uuid, account uuid)
returns table (id uuid, tenant_id uuid, tenant_name text, email text, name text, locale text, role text, must_change_password boolean, held jsonb)
language sql stable security definer set search_path = '' as $$
  select a.id, a.tenant_id, t.name, a.email, a.name, a.locale, a.role, a.must_change_password, opsflux.held_by(a.id)
  from opsflux.user_account a
  join opsflux.tenant t on t.id = a.tenant_id
  where a.id = account and a.tenant_id = tenant
$$;

-- Hosts keep what they read here in memory until they are told otherwise, by the id of a user or of a tenant.
create function opsflux.tell_user_changed() returns trigger
language plpgsql set search_path = '' as $$
begin
  if tg_op <> 'INSERT' then perform pg_catalog.pg_notify('opsflux_identity', to_jsonb(old) ->> tg_argv[0]); end if;
  if tg_op <> 'DELETE' then perform pg_catalog.pg_notify('opsflux_identity', to_jsonb(new) ->> tg_argv[0]); end if;
  return null;
end
$$;
-- Not of sessions that had run out: nobody goes by them.
create trigger tell_session_ended after delete on opsflux.user_session for each row when (old.expires_at > now()) execute function opsflux.tell_user_changed('user_id');
create trigger tell_session_changed after update on opsflux.user_session for each row execute function opsflux.tell_user_changed('user_id');
create trigger tell_account_deleted after delete on opsflux.user_account for each row execute function opsflux.tell_user_changed('id');
create trigger tell_account_changed after update of tenant_id, email, name, locale, role, password_hash, must_change_password on opsflux.user_account
  for each row execute function opsflux.tell_user_changed('id');
create trigger tell_membership_changed after insert or update or delete on opsflux.membership for each row execute function opsflux.tell_user_changed('user_id');
create trigger tell_role_changed after update or delete on opsflux.role for each row execute function opsflux.tell_user_changed('tenant_id');
create trigger tell_inheritance_changed after insert or update or delete on opsflux.role_inheritance for each row execute function opsflux.tell_user_changed('tenant_id');
create trigger tell_department_changed after insert or update or delete on opsflux.department for each row execute function opsflux.tell_user_changed('tenant_id');
create trigger tell_tenant_changed after update or delete on opsflux.tenant for each row execute function opsflux.tell_user_changed('id');

revoke execute on function opsflux.add_system_roles(), opsflux.held_by(uuid), opsflux.session_of(text), opsflux.account_of(uuid, uuid), opsflux.tell_user_changed() from public;
grant execute on function opsflux.session_of(text), opsflux.account_of(uuid, uuid) to opsflux_app;
