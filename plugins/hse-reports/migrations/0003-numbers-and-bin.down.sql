-- Way back: lossless, measured on rows of two tenants by tests/plugins/hse-reports-migrations.pg.test.ts.
alter table incident drop column search_vector;
alter table exposure_hours drop column search_vector;
alter table corrective_action drop column search_vector;

-- What is in the bin was deleted, and 1.1.0 has none: it is put aside whole, actions with their incidents.
create table kept_corrective_action_bin as select * from corrective_action where deleted_at is not null or incident in (select id from incident where deleted_at is not null);
alter table kept_corrective_action_bin alter column tenant_id set not null;
delete from corrective_action where id in (select id from kept_corrective_action_bin);

create table kept_incident_bin as select * from incident where deleted_at is not null;
alter table kept_incident_bin alter column tenant_id set not null;
delete from incident where deleted_at is not null;

create table kept_exposure_hours_bin as select * from exposure_hours where deleted_at is not null;
alter table kept_exposure_hours_bin alter column tenant_id set not null;
delete from exposure_hours where deleted_at is not null;

create table kept_incident_added as select id, tenant_id, custom, number from incident;
alter table kept_incident_added alter column tenant_id set not null;
create table kept_exposure_hours_added as select id, tenant_id, custom from exposure_hours where custom <> '{}';
alter table kept_exposure_hours_added alter column tenant_id set not null;
create table kept_corrective_action_added as select id, tenant_id, custom from corrective_action where custom <> '{}';
alter table kept_corrective_action_added alter column tenant_id set not null;

alter table incident drop constraint incident_injured_check, drop constraint incident_aware_at_check;
alter table corrective_action drop constraint corrective_action_incident_fkey;
alter table corrective_action add constraint corrective_action_incident_fkey foreign key (incident) references incident (id);

-- With the columns go the indexes that speak of them.
alter table incident drop column number, drop column custom, drop column deleted_by, drop column deleted_at;
alter table exposure_hours drop column custom, drop column deleted_by, drop column deleted_at;
alter table corrective_action drop column custom, drop column deleted_by, drop column deleted_at;

-- Steps after the commit may have come to any point.
create index if not exists incident_type on incident (tenant_id, type);
create index if not exists incident_actual_severity on incident (tenant_id, actual_severity);
create index if not exists incident_potential_severity on incident (tenant_id, potential_severity);
create index if not exists incident_site on incident (tenant_id, site);
create index if not exists incident_risk_level on incident (tenant_id, risk_level);
alter index incident_occurred_at_index rename to incident_occurred_at;
drop index if exists incident_tenant_index, incident_type_index, incident_actual_severity_index, incident_potential_severity_index, incident_site_index, incident_risk_level_index;

create unique index exposure_hours_once on exposure_hours (tenant_id, month, site, employer);
create index if not exists exposure_hours_month on exposure_hours (tenant_id, month);
create index if not exists exposure_hours_site on exposure_hours (tenant_id, site);
drop index if exists exposure_hours_tenant_index, exposure_hours_month_index, exposure_hours_site_index;

create index if not exists corrective_action_incident on corrective_action (tenant_id, incident);
create index if not exists corrective_action_owner on corrective_action (tenant_id, owner);
create index if not exists corrective_action_due on corrective_action (tenant_id, due);
drop index if exists corrective_action_tenant_index, corrective_action_incident_index, corrective_action_owner_index, corrective_action_due_index;
