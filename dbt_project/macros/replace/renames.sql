{#-
    Give the rows that stay the latest name of their workflow. All rows of one workflow carry one name
    (every build keeps it so, in its own transaction), so one row a workflow tells whether it was
    renamed, and the cost follows the renamed workflows.
-#}
{% macro renamed_workflows_sql(target, dest_columns) -%}
    {%- if 'workflow_name' in dest_columns | map(attribute='name') -%}
        {{ return(adapter.dispatch('renamed_workflows_sql', 'usage_warehouse')(
            target, ref('int_workflow_names'))) }}
    {%- endif -%}
{%- endmacro %}

{% macro default__renamed_workflows_sql(target, names) -%}
    update {{ target }} set workflow_name = (
        select names.workflow_name from {{ names }} as names
        where names.workflow_id = {{ target }}.workflow_id
    )
    where exists (
        select 1 from {{ names }} as names
        where names.workflow_id = {{ target }}.workflow_id
            and not ({{ dbt.equals('names.workflow_name', target ~ '.workflow_name') }})
    );
{%- endmacro %}

{% macro postgres__renamed_workflows_sql(target, names) -%}
    update {{ target }} as old
    set workflow_name = renamed.workflow_name
    from (
        select names.workflow_id, names.workflow_name
        from {{ names }} as names
        cross join lateral (
            select known.workflow_name from {{ target }} as known
            where known.workflow_id = names.workflow_id
            limit 1
        ) as known
        where names.workflow_name is distinct from known.workflow_name
    ) as renamed
    where old.workflow_id = renamed.workflow_id;
{%- endmacro %}
