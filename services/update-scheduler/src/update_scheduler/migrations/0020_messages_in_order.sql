-- Two messages of one moment keep the order in which they were written.
alter table messages add column n bigint generated always as identity;
