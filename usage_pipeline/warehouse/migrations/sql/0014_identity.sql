-- An execution's id is of its workflow, too: many systems number their runs for each workflow. What
-- is stored one by one got its new id before this file ran (versions/v0014_identity.py).
--
-- Of what was retired only the id is kept, and no workflow: it stays as it was and is known as one
-- of before. A delivery of such a day tells which new id it is.
alter table raw.retired_executions add column is_former boolean not null default true;
alter table raw.retired_executions alter column is_former set default false;

comment on column raw.retired_executions.is_former is
'Whether the id is one of before schema 0014, which did not depend on the workflow.';
comment on column raw.workflow_executions_simple.id is
'The execution: of its workflow, the source''s own id and the attempt. With the source its identity.';
