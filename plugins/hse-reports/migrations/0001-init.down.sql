create table kept_incident (like incident);
insert into kept_incident select * from incident;
drop table incident;

create table kept_exposure_hours (like exposure_hours);
insert into kept_exposure_hours select * from exposure_hours;
drop table exposure_hours;
