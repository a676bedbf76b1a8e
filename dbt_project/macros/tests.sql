{#- Tests read what a run may have changed, not the whole history: a nightly test must not grow with it. -#}
{% macro within_changed_days(day_column) -%}
    {%- set days = changed_days() -%}
    {{ day_column }} between {{ date_literal(days.first) }} and {{ date_literal(days.last) }}
{%- endmacro %}
