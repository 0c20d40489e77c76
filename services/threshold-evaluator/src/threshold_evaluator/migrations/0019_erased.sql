-- Who was erased, when: what an SIS said of them before is not taken in again, and what was in hand meanwhile goes too.
create index audit_of_erased on audit (district_id, environment, subject_id, at) where action = 'user.erased';
create index audit_erased on audit (audit_id) where action = 'user.erased';
