{#-
    Views that show a mart in another way. dbt drops a table that it makes anew together with the views of it,
    so a view reads incremental models and sources alone, which stay from night to night.
-#}

{#- Give the columns of this view that have no comment the one of their mart: a definition stands once. -#}
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
                and col_description(own.attrelid, own.attnum) is null
                and col_description(theirs.attrelid, theirs.attnum) is not null
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
