alter table incident add column deleted_at timestamptz, add column deleted_by uuid, add column custom jsonb not null default '{}', add column number text;
alter table exposure_hours add column deleted_at timestamptz, add column deleted_by uuid, add column custom jsonb not null default '{}';
alter table corrective_action add column deleted_at timestamptz, add column deleted_by uuid, add column custom jsonb not null default '{}';

-- One row for a month, a site and an employer, but for those in the bin. Hours are few: a month has a row or two of a site.
drop index exposure_hours_once;
create unique index exposure_hours_month_site_employer_unique on exposure_hours (tenant_id, month, site, employer) where deleted_at is null;

-- What a way back put aside comes home: the bin, and the values of the new columns. Actions whose incident was deleted since go with it.
create table if not exists kept_incident_bin as select * from incident with no data;
insert into incident select * from kept_incident_bin;
drop table kept_incident_bin;

create table if not exists kept_corrective_action_bin as select * from corrective_action with no data;
insert into corrective_action select * from kept_corrective_action_bin kept where exists (select from incident where incident.id = kept.incident);
drop table kept_corrective_action_bin;

create table if not exists kept_exposure_hours_bin as select * from exposure_hours with no data;
insert into exposure_hours select * from kept_exposure_hours_bin;
drop table kept_exposure_hours_bin;

create table if not exists kept_corrective_action_added as select id, tenant_id, custom from corrective_action with no data;
update corrective_action set custom = kept.custom from kept_corrective_action_added kept where kept.id = corrective_action.id;
drop table kept_corrective_action_added;

create table if not exists kept_exposure_hours_added as select id, tenant_id, custom from exposure_hours with no data;
update exposure_hours set custom = kept.custom from kept_exposure_hours_added kept where kept.id = exposure_hours.id;
drop table kept_exposure_hours_added;

create table if not exists kept_incident_added as select id, tenant_id, custom, number from incident with no data;
update incident set custom = kept.custom, number = kept.number from kept_incident_added kept where kept.id = incident.id;

-- Incidents without a number get one in the order in which they occurred, after those that were given, also to incidents deleted since.
with known as (
  select tenant_id, number from incident union all select tenant_id, number from kept_incident_added
), given as (
  select tenant_id, substr(number, 5, 4) as year, max(substr(number, 10)::bigint) as last from known where number ~ '^INC-\d{4}-\d{1,15}$' group by 1, 2
), waiting as (
  select id, tenant_id, occurred_at, to_char(occurred_at at time zone 'UTC', 'YYYY') as year from incident where number is null
), counted as (
  select waiting.id, waiting.year, row_number() over (partition by waiting.tenant_id, waiting.year order by waiting.occurred_at, waiting.id) + coalesce(given.last, 0) as place
  from waiting left join given on given.tenant_id = waiting.tenant_id and given.year = waiting.year
)
update incident set number = 'INC-' || year || '-' || lpad(place::text, greatest(4, length(place::text)), '0') from counted where counted.id = incident.id;
drop table kept_incident_added;

-- Each writes its table anew while requests wait: minutes for millions of rows (see the guide on migrations).
alter table incident add column search_vector tsvector generated always as (setweight(to_tsvector('simple', coalesce(number, '')), 'A') || setweight(to_tsvector('simple', coalesce(site, '')), 'B') || setweight(to_tsvector('simple', coalesce(description, '')), 'C')) stored;
alter table exposure_hours add column search_vector tsvector generated always as (setweight(to_tsvector('simple', coalesce(site, '')), 'A')) stored;
alter table corrective_action add column search_vector tsvector generated always as (setweight(to_tsvector('simple', coalesce(title, '')), 'A')) stored;

alter table incident add constraint incident_aware_at_check check (aware_at >= occurred_at) not valid;
alter table incident add constraint incident_injured_check check ((injured > 0) = (type in ('fatality', 'lostTime', 'restrictedWork', 'medicalTreatment', 'firstAid'))) not valid;

alter table corrective_action drop constraint corrective_action_incident_fkey;
alter table corrective_action add constraint corrective_action_incident_fkey foreign key (incident) references incident (id) on delete cascade not valid;

alter index incident_occurred_at rename to incident_occurred_at_index;
