create table opsflux.user_account (
  id uuid primary key default gen_random_uuid(),
  tenant_id uuid not null references opsflux.tenant (id),
  email text not null,
  name text not null,
  locale text not null default 'en' check (locale in ('en', 'fr', 'es', 'pt')),
  role text not null check (role in ('admin', 'user', 'guest')),
  password_hash text not null,
  must_change_password boolean not null default false,
  signed_in_at timestamptz,
  failed_sign_ins integer not null default 0,
  locked_until timestamptz,
  created_at timestamptz not null default now()
);
create unique index user_account_email on opsflux.user_account (lower(email));

create table opsflux.user_session (
  token_sha256 text primary key,
  tenant_id uuid not null references opsflux.tenant (id),
  user_id uuid not null references opsflux.user_account (id) on delete cascade,
  created_at timestamptz not null default now(),
  expires_at timestamptz not null
);
create index user_session_user on opsflux.user_session (user_id);

alter table opsflux.user_account enable row level security;
alter table opsflux.user_account force row level security;
alter table opsflux.user_session enable row level security;
alter table opsflux.user_session force row level security;
create policy tenant_isolation on opsflux.user_account to opsflux_app using (tenant_id = current_setting('opsflux.tenant')::uuid);
create policy tenant_isolation on opsflux.user_session to opsflux_app using (tenant_id = current_setting('opsflux.tenant')::uuid);
-- The definer functions below run as the owner, before a tenant is known.
create policy owner_access on opsflux.user_account to current_user using (true) with check (true);
create policy owner_access on opsflux.user_session to current_user using (true) with check (true);

-- Requests may read names, never password hashes or tokens.
grant select (id, tenant_id, email, name, locale, role) on opsflux.user_account to opsflux_app;

create function opsflux.find_for_sign_in(wanted_email text)
returns table (id uuid, password_hash text, locked_until timestamptz)
language sql stable security definer set search_path = '' as $$
  select a.id, a.password_hash, a.locked_until from opsflux.user_account a where lower(a.email) = lower(wanted_email)
$$;

-- CORE-01.4.4: the account is locked for 15 minutes after 5 failures in a row.
create function opsflux.note_failed_sign_in(account uuid) returns void
language sql volatile security definer set search_path = '' as $$
  update opsflux.user_account set
    failed_sign_ins = case when failed_sign_ins >= 4 then 0 else failed_sign_ins + 1 end,
    locked_until = case when failed_sign_ins >= 4 then now() + interval '15 minutes' else locked_until end
  where id = account
$$;

create function opsflux.open_session(account uuid, token_digest text, lifetime interval) returns void
language sql volatile security definer set search_path = '' as $$
  delete from opsflux.user_session where expires_at < now();
  update opsflux.user_account set failed_sign_ins = 0, locked_until = null, signed_in_at = now() where id = account;
  insert into opsflux.user_session (token_sha256, tenant_id, user_id, expires_at)
    select token_digest, tenant_id, id, now() + lifetime from opsflux.user_account where id = account
$$;

create function opsflux.close_session(token_digest text) returns void
language sql volatile security definer set search_path = '' as $$
  delete from opsflux.user_session where token_sha256 = token_digest
$$;

create function opsflux.session_user_of(token_digest text)
returns table (id uuid, tenant_id uuid, tenant_name text, email text, name text, locale text, role text, must_change_password boolean, password_hash text)
language sql stable security definer set search_path = '' as $$
  select a.id, a.tenant_id, t.name, a.email, a.name, a.locale, a.role, a.must_change_password, a.password_hash
  from opsflux.user_session s
  join opsflux.user_account a on a.id = s.user_id
  join opsflux.tenant t on t.id = a.tenant_id
  where s.token_sha256 = token_digest and s.expires_at > now()
$$;

-- A new password ends the user's other sessions.
create function opsflux.change_password(token_digest text, new_hash text) returns void
language sql volatile security definer set search_path = '' as $$
  update opsflux.user_account a set password_hash = new_hash, must_change_password = false
    from opsflux.user_session s where s.token_sha256 = token_digest and s.user_id = a.id;
  delete from opsflux.user_session other using opsflux.user_session this
    where this.token_sha256 = token_digest and other.user_id = this.user_id and other.token_sha256 <> token_digest
$$;

create function opsflux.change_locale(token_digest text, new_locale text) returns void
language sql volatile security definer set search_path = '' as $$
  update opsflux.user_account a set locale = new_locale
    from opsflux.user_session s where s.token_sha256 = token_digest and s.user_id = a.id
$$;

revoke execute on all functions in schema opsflux from public;
grant execute on function
  opsflux.find_for_sign_in(text), opsflux.note_failed_sign_in(uuid), opsflux.open_session(uuid, text, interval), opsflux.close_session(text),
  opsflux.session_user_of(text), opsflux.change_password(text, text), opsflux.change_locale(text, text)
to opsflux_app;
