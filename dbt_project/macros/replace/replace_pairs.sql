{#-
    Incremental strategy `replace_pairs`, for tables that keep one current row a key: the model returns
    a row for every key whose row may have changed, also for a key that is no longer there, which is
    then marked by the condition `emptied_when` of its meta. Rows that came out as they were are left
    alone: most pairs in a moving window do not change on most nights.
-#}
{% macro get_incremental_replace_pairs_sql(arg_dict) -%}
    {%- set target, recomputed = arg_dict['target_relation'], arg_dict['temp_relation'] -%}
    {%- set names = arg_dict['dest_columns'] | map(attribute='name') | list -%}
    {%- set columns = get_quoted_csv(names) -%}
    {{ renamed_workflows_sql(target, arg_dict['dest_columns']) }}

    delete from {{ target }} as old
    where exists (
        select 1 from {{ recomputed }} as new
        where {% for key in arg_dict['unique_key'] %}old.{{ key }} = new.{{ key }} and {% endfor -%}
            not ({% for name in names %}{{ dbt.equals('old.' ~ name, 'new.' ~ name) | trim }}
                {%- if not loop.last %} and {% endif %}{% endfor %})
    );

    insert into {{ target }} ({{ columns }})
    select {{ columns }} from {{ recomputed }} as new
    where not ({{ config.get('meta').emptied_when }})
        and not exists (
            select 1 from {{ target }} as old
            where {% for key in arg_dict['unique_key'] %}old.{{ key }} = new.{{ key }}
                {%- if not loop.last %} and {% endif %}{% endfor %}
        )
{%- endmacro %}
