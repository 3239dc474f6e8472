create table kept_incident_risk_level (incident uuid primary key, tenant_id uuid not null, risk_level text);
insert into kept_incident_risk_level select id, tenant_id, risk_level from incident;
alter table incident drop column risk_level;

create table kept_corrective_action (like corrective_action);
insert into kept_corrective_action select * from corrective_action;
drop table corrective_action;
