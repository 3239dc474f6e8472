-- The hooks of 1.0.0 and 1.1.0 kept both rules.
alter table incident validate constraint incident_aware_at_check;
alter table incident validate constraint incident_injured_check;
alter table corrective_action validate constraint corrective_action_incident_fkey;

-- Fails, and is tried again, while two incidents of a tenant have one number.
create unique index concurrently if not exists incident_number_unique on incident (tenant_id, number) where deleted_at is null;

create index concurrently if not exists incident_tenant_index on incident (tenant_id, id);
create index concurrently if not exists incident_type_index on incident (tenant_id, type, id);
create index concurrently if not exists incident_actual_severity_index on incident (tenant_id, actual_severity, id);
create index concurrently if not exists incident_potential_severity_index on incident (tenant_id, potential_severity, id);
create index concurrently if not exists incident_site_index on incident (tenant_id, site, id);
create index concurrently if not exists incident_risk_level_index on incident (tenant_id, risk_level, id);
create index concurrently if not exists incident_search_index on incident using gin (search_vector);
drop index concurrently if exists incident_type;
drop index concurrently if exists incident_actual_severity;
drop index concurrently if exists incident_potential_severity;
drop index concurrently if exists incident_site;
drop index concurrently if exists incident_risk_level;

create index concurrently if not exists exposure_hours_tenant_index on exposure_hours (tenant_id, id);
create index concurrently if not exists exposure_hours_month_index on exposure_hours (tenant_id, month, id);
create index concurrently if not exists exposure_hours_site_index on exposure_hours (tenant_id, site, id);
create index concurrently if not exists exposure_hours_search_index on exposure_hours using gin (search_vector);
drop index concurrently if exists exposure_hours_month;
drop index concurrently if exists exposure_hours_site;

create index concurrently if not exists corrective_action_tenant_index on corrective_action (tenant_id, id);
create index concurrently if not exists corrective_action_incident_index on corrective_action (tenant_id, incident, id);
create index concurrently if not exists corrective_action_owner_index on corrective_action (tenant_id, owner, id);
create index concurrently if not exists corrective_action_due_index on corrective_action (tenant_id, due, id);
create index concurrently if not exists corrective_action_search_index on corrective_action using gin (search_vector);
drop index concurrently if exists corrective_action_incident;
drop index concurrently if exists corrective_action_owner;
drop index concurrently if exists corrective_action_due;
