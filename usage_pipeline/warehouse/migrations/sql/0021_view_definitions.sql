-- The definition that dbt made each view from, so that a night leaves views as they are. It stands
-- here, because threads that each create the table if it does not exist can fail of each other.
create table intermediate.view_definitions (
    view_name text primary key,
    view_oid oid not null,
    definition text not null
);
comment on table intermediate.view_definitions is
'The definition that dbt made each view from: a view stays until it changes.';
comment on column intermediate.view_definitions.view_name is 'The view, with its schema.';
comment on column intermediate.view_definitions.view_oid is
'The view that was made; one of another oid was made by somebody else.';
comment on column intermediate.view_definitions.definition is 'A hash of its SQL and its comments.';
alter table intermediate.view_definitions owner to usage_transformer;
