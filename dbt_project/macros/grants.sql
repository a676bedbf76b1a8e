{#- Let a role see into the schema of the marts. Grants on the tables themselves are dbt's own config. -#}
{% macro grant_marts_usage(role) -%}
    {{ return(adapter.dispatch('grant_marts_usage', 'usage_warehouse')(role)) }}
{%- endmacro %}

{% macro default__grant_marts_usage(role) -%}{%- endmacro %}

{% macro postgres__grant_marts_usage(role) -%}
    {%- if execute and adapter.check_schema_exists(target.database, 'marts') -%}
        grant usage on schema marts to {{ role }}
    {%- endif -%}
{%- endmacro %}
