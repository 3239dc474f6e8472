create table corrective_action (
  id uuid primary key default gen_random_uuid(),
  tenant_id uuid not null,
  revision integer not null default 1,
  created_at timestamptz not null default now(),
  created_by uuid,
  updated_at timestamptz not null default now(),
  updated_by uuid,
  state text not null default 'open' check (state in ('open', 'done')),
  incident uuid not null references incident (id),
  title varchar(200) not null,
  owner uuid not null,
  due date not null
);

create index corrective_action_incident on corrective_action (tenant_id, incident);
create index corrective_action_owner on corrective_action (tenant_id, owner);
create index corrective_action_due on corrective_action (tenant_id, due);

alter table incident add column risk_level text check (risk_level in ('low', 'medium', 'high', 'critical'));

-- The rule of server/risk.ts: the potential counts twice.
update incident set risk_level = case when points >= 13 then 'critical' when points >= 9 then 'high' when points >= 6 then 'medium' else 'low' end
from (
  select id, 2 * array_position(scale, potential_severity) + array_position(scale, actual_severity) as points
  from incident, (select array['I', 'II', 'III', 'IV', 'V', 'VI'] as scale) severities
) rated
where rated.id = incident.id;

-- What a way back put aside comes home. Incidents entered or given other severities since keep the level just computed;
-- actions whose incident was deleted since go with it.
create table if not exists kept_incident_risk_level as select id as incident, tenant_id, actual_severity, potential_severity, risk_level from incident with no data;
update incident set risk_level = kept.risk_level from kept_incident_risk_level kept
where kept.incident = incident.id and kept.actual_severity = incident.actual_severity and kept.potential_severity = incident.potential_severity;
drop table kept_incident_risk_level;

create table if not exists kept_corrective_action as select * from corrective_action with no data;
insert into corrective_action select * from kept_corrective_action kept where exists (select from incident where incident.id = kept.incident);
drop table kept_corrective_action;

create index incident_risk_level on incident (tenant_id, risk_level);
