create table kept_incident_risk_level as select id as incident, tenant_id, actual_severity, potential_severity, risk_level from incident;
alter table kept_incident_risk_level alter column tenant_id set not null;
alter table incident drop column risk_level;

create table kept_corrective_action as select * from corrective_action;
alter table kept_corrective_action alter column tenant_id set not null;
drop table corrective_action;
