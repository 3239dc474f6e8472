create table incident (
  id uuid primary key default gen_random_uuid(),
  tenant_id uuid not null,
  revision integer not null default 1,
  created_at timestamptz not null default now(),
  created_by uuid,
  updated_at timestamptz not null default now(),
  updated_by uuid,
  state text not null default 'draft' check (state in ('draft', 'submitted', 'closed')),
  type text not null check (type in (
    'fatality', 'lostTime', 'restrictedWork', 'medicalTreatment', 'firstAid',
    'nearMiss', 'propertyDamage', 'environmental', 'processSafety'
  )),
  actual_severity text not null check (actual_severity in ('I', 'II', 'III', 'IV', 'V', 'VI')),
  potential_severity text not null check (potential_severity in ('I', 'II', 'III', 'IV', 'V', 'VI')),
  site varchar(120) not null,
  occurred_at timestamptz not null,
  aware_at timestamptz,
  description text not null,
  injured bigint
);

create index incident_occurred_at on incident (tenant_id, occurred_at, id);
create index incident_type on incident (tenant_id, type);
create index incident_actual_severity on incident (tenant_id, actual_severity);
create index incident_potential_severity on incident (tenant_id, potential_severity);
create index incident_site on incident (tenant_id, site);

create table exposure_hours (
  id uuid primary key default gen_random_uuid(),
  tenant_id uuid not null,
  revision integer not null default 1,
  created_at timestamptz not null default now(),
  created_by uuid,
  updated_at timestamptz not null default now(),
  updated_by uuid,
  month date not null,
  site varchar(120) not null,
  employer text not null check (employer in ('company', 'contractor')),
  hours bigint not null
);

create index exposure_hours_month on exposure_hours (tenant_id, month);
create index exposure_hours_site on exposure_hours (tenant_id, site);
-- Two requests at once both pass the hook's look-up; here the second one fails.
create unique index exposure_hours_once on exposure_hours (tenant_id, month, site, employer);

-- Rows a way back put aside come home; where there are none the tables are made empty first.
create table if not exists kept_incident as select * from incident with no data;
insert into incident select * from kept_incident;
drop table kept_incident;

create table if not exists kept_exposure_hours as select * from exposure_hours with no data;
insert into exposure_hours select * from kept_exposure_hours;
drop table kept_exposure_hours;
