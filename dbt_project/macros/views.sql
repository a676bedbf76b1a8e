{#-
    Views that show a mart in another way. dbt drops a table that it makes anew together with the views of it,
    so a view reads incremental models and sources alone, which stay from night to night.
-#}

{#- Columns that this view's YAML does not describe get the comment of their mart: it stands once. -#}
{% macro inherit_comments(mart) -%}
    {{ return(adapter.dispatch('inherit_comments', 'usage_warehouse')(mart)) }}
{%- endmacro %}

{% macro default__inherit_comments(mart) -%}{%- endmacro %}

{% macro postgres__inherit_comments(mart) -%}
    do $comments$
    declare
        inherited record;
    begin
        for inherited in
            select own.attname as name, col_description(theirs.attrelid, theirs.attnum) as description
            from pg_catalog.pg_attribute as own
            inner join pg_catalog.pg_attribute as theirs on own.attname = theirs.attname
            where
                own.attrelid = '{{ this }}'::regclass
                and theirs.attrelid = '{{ mart }}'::regclass
                and own.attnum > 0
                and theirs.attnum > 0
                and own.attname not in ('{{ model.columns.keys() | join("', '") }}')
                and col_description(own.attrelid, own.attnum)
                is distinct from col_description(theirs.attrelid, theirs.attnum)
        loop
            execute format(
                'comment on column %s.%I is %L', '{{ this }}'::regclass, inherited.name, inherited.description
            );
        end loop;
    end
    $comments$;
{%- endmacro %}

{#- A count of a day: 0 on a loaded day without executions, NULL on a day that nobody loaded. -#}
{% macro zero_if_loaded(count, is_loaded) -%}
    coalesce({{ count }}, case when {{ is_loaded }} then 0 end)
{%- endmacro %}

{#- The names of a list of workflows in its order, as one text; an id where no name is known. -#}
{% macro names_in_order(workflow_ids) -%}
    (
        select {{ dbt.listagg(
            'coalesce(known.workflow_name, cast(listed.workflow_id as ' ~ dbt.type_string() ~ '))',
            "' → '",
            'order by listed.place'
        ) }}
        from unnest({{ workflow_ids }}) with ordinality as listed (workflow_id, place)
        left join {{ source('raw', 'workflows') }} as known on listed.workflow_id = known.workflow_id
    )
{%- endmacro %}
