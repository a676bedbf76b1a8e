-- What a day is staged in is made like this table, which is always empty: made like the partitioned
-- table itself, it would hold a lock on that until the load ends, and two loads could block each
-- other's swap for ever. It has the columns and checks of the partitioned table.
create table raw.staged_executions (
    like raw.workflow_executions_simple including defaults including constraints
);
