-- What core/data grants to everybody was taken back where the tables of users were made after it: filters and sorts need it, and so do indexes.
grant execute on function
  opsflux.custom_text(jsonb, text), opsflux.custom_integer(jsonb, text), opsflux.custom_decimal(jsonb, text), opsflux.custom_boolean(jsonb, text),
  opsflux.custom_uuid(jsonb, text), opsflux.day_of(text), opsflux.custom_date(jsonb, text), opsflux.custom_instant(jsonb, text) to public;
