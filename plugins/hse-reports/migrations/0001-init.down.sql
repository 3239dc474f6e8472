create table kept_incident as select * from incident;
alter table kept_incident alter column tenant_id set not null;
drop table incident;

create table kept_exposure_hours as select * from exposure_hours;
alter table kept_exposure_hours alter column tenant_id set not null;
drop table exposure_hours;
