{#- Schemas are called exactly what the configuration says, in every target: `marts`, never `dev_marts`. -#}
{% macro generate_schema_name(custom_schema_name, node) -%}
    {{ (custom_schema_name or target.schema) | trim }}
{%- endmacro %}
