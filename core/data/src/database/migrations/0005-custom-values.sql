-- Values of the fields that administrators add at run time: out of a record's `custom`, typed. Null for what is not of the type, whatever
-- is there; none of them can fail. An index on such an expression serves only where the same function is called with the same name.
create function opsflux.custom_text(custom jsonb, name text) returns text language plpgsql immutable parallel safe as $$
begin
  return case when jsonb_typeof(custom -> name) = 'string' then custom ->> name end;
end
$$;

create function opsflux.custom_integer(custom jsonb, name text) returns bigint language plpgsql immutable parallel safe as $$
declare
  value text := custom ->> name;
begin
  if jsonb_typeof(custom -> name) is distinct from 'number' or value !~ '^-?[0-9]{1,16}$' then
    return null;
  end if;
  -- JSON's safe integers.
  return case when value::bigint between -9007199254740991 and 9007199254740991 then value::bigint end;
end
$$;

create function opsflux.custom_decimal(custom jsonb, name text) returns numeric language plpgsql immutable parallel safe as $$
declare
  value text := opsflux.custom_text(custom, name);
begin
  return case when value ~ '^-?[0-9]{1,40}([.][0-9]{1,40})?$' then value::numeric end;
end
$$;

create function opsflux.custom_boolean(custom jsonb, name text) returns boolean language plpgsql immutable parallel safe as $$
begin
  return case when jsonb_typeof(custom -> name) = 'boolean' then (custom ->> name)::boolean end;
end
$$;

create function opsflux.custom_uuid(custom jsonb, name text) returns uuid language plpgsql immutable parallel safe as $$
declare
  value text := opsflux.custom_text(custom, name);
begin
  return case when value ~ '^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$' then value::uuid end;
end
$$;

-- `YYYY-MM-DD`, years 1 to 9999.
create function opsflux.day_of(value text) returns date language plpgsql immutable parallel safe as $$
declare
  month date;
begin
  if value is null or value !~ '^[0-9]{4}-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])$' or left(value, 4) = '0000' then
    return null;
  end if;
  month := make_date(left(value, 4)::integer, substr(value, 6, 2)::integer, 1);
  if substr(value, 9, 2)::integer > extract(day from month + interval '1 month' - interval '1 day') then
    return null;
  end if;
  return month + (substr(value, 9, 2)::integer - 1);
end
$$;

create function opsflux.custom_date(custom jsonb, name text) returns date language plpgsql immutable parallel safe as $$
begin
  return opsflux.day_of(opsflux.custom_text(custom, name));
end
$$;

-- Instants are kept in UTC with milliseconds: `2026-03-01T08:30:00.000Z`.
create function opsflux.custom_instant(custom jsonb, name text) returns timestamptz language plpgsql immutable parallel safe as $$
declare
  value text := opsflux.custom_text(custom, name);
  day date := opsflux.day_of(left(value, 10));
begin
  if day is null or substr(value, 11) !~ '^T([01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9][.][0-9]{3}Z$' then
    return null;
  end if;
  return (day + make_time(substr(value, 12, 2)::integer, substr(value, 15, 2)::integer, substr(value, 18, 6)::double precision)) at time zone 'UTC';
end
$$;

-- Under row-level security an index serves a filter only if nothing in it can tell about rows that are not to be seen: `leakproof`, which only
-- a superuser may say. They raise no error and have no effect but their result. Where the administrator's role is none, indexes serve sorting alone.
do $$
begin
  if exists (select from pg_roles where rolname = current_user and rolsuper) then
    alter function opsflux.custom_text(jsonb, text) leakproof;
    alter function opsflux.custom_integer(jsonb, text) leakproof;
    alter function opsflux.custom_decimal(jsonb, text) leakproof;
    alter function opsflux.custom_boolean(jsonb, text) leakproof;
    alter function opsflux.custom_uuid(jsonb, text) leakproof;
    alter function opsflux.custom_date(jsonb, text) leakproof;
    alter function opsflux.custom_instant(jsonb, text) leakproof;
  end if;
end
$$;
-- The owner of a plugin's tables makes the indexes.
grant execute on function
  opsflux.custom_text(jsonb, text), opsflux.custom_integer(jsonb, text), opsflux.custom_decimal(jsonb, text), opsflux.custom_boolean(jsonb, text),
  opsflux.custom_uuid(jsonb, text), opsflux.day_of(text), opsflux.custom_date(jsonb, text), opsflux.custom_instant(jsonb, text) to public;
