{#- Dates in SQL: what dbt's own cross-database macros leave as a timestamp comes back as a date. -#}

{% macro date_literal(day) -%}
    cast('{{ day }}' as date)
{%- endmacro %}

{% macro add_days(date_column, days) -%}
    cast({{ dbt.dateadd('day', days, date_column) | trim }} as date)
{%- endmacro %}

{% macro days_between(earlier, later) -%}
    {{ dbt.datediff(earlier, later, 'day') | trim }}
{%- endmacro %}

{#- The Monday of a date. Over a timestamp without zone: a session's zone has no say in it. -#}
{% macro week_start(date_column) -%}
    cast({{ dbt.date_trunc('week', 'cast(' ~ date_column ~ ' as ' ~ dbt.type_timestamp() ~ ')') | trim }} as date)
{%- endmacro %}

{#- The first day of a date's month. -#}
{% macro month_start(date_column) -%}
    cast({{ dbt.date_trunc('month', 'cast(' ~ date_column ~ ' as ' ~ dbt.type_timestamp() ~ ')') | trim }} as date)
{%- endmacro %}

{#- The day of the week, 0 for Monday. -#}
{% macro weekday(date_column) -%}
    cast({{ days_between(week_start(date_column), date_column) }} as integer)
{%- endmacro %}

{#- A query of one column `spine_date`: every `step`-th day from first to last, both ISO strings. -#}
{% macro date_spine(first, last, step=1) -%}
    {%- set span = modules.datetime.datetime.strptime(last, '%Y-%m-%d')
        - modules.datetime.datetime.strptime(first, '%Y-%m-%d') -%}
    {%- set length = span.days // step + 1 -%}
    select {{ add_days(date_literal(first), '(numbers.generated_number - 1) * ' ~ step) }} as spine_date
    from ({{ dbt.generate_series([length, 1] | max) }}) as numbers
    {%- if length < 1 %}
    where false
    {%- endif %}
{%- endmacro %}
