{#-
    Incremental strategy `replace_days`: the target's rows of the affected days go, the recomputed ones
    come, in one transaction. Rows whose source rows have vanished go too, and so does a day that has
    become empty; nothing is matched by key. The model says in its meta:

    replaced_column   the date column that says which day (or week) a row is about
    lookahead_days    how many days after a changed day its rows still depend on it; absent: all
    as_of_history     true when rows are as-of dates or weeks, which end with the as-of date
-#}
{% macro get_incremental_replace_days_sql(arg_dict) -%}
    {%- set target, recomputed = arg_dict['target_relation'], arg_dict['temp_relation'] -%}
    {%- set columns = get_quoted_csv(arg_dict['dest_columns'] | map(attribute='name')) -%}
    {{ renamed_workflows_sql(target, arg_dict['dest_columns']) }}

    delete from {{ target }}
    where {{ outdated_days(config.get('meta')) }}
        or {{ config.get('meta').replaced_column }} in (
            select {{ config.get('meta').replaced_column }} from {{ recomputed }}
        );

    insert into {{ target }} ({{ columns }})
    select {{ columns }} from {{ recomputed }}
{%- endmacro %}

{#- The condition on the target that the changed days alone decide. -#}
{% macro outdated_days(meta) -%}
    {%- set days = days_to_build() -%}
    {%- set column = meta.replaced_column -%}
    {%- if meta.lookahead_days is defined -%}
        {{ column }} between {{ date_literal(days.first) }}
            and {{ date_literal(shift_day(days.last, meta.lookahead_days)) }}
    {%- else -%}
        {{ column }} >= {{ date_literal(monday_of([days.first, days.as_of] | min)) }}
    {%- endif -%}
    {%- if meta.as_of_history %} or {{ column }} > {{ date_literal(days.as_of) }} {%- endif -%}
{%- endmacro %}
