{#-
    An incremental model whose columns are not those of its table is built anew: after an upgrade the rows of
    all days get the new columns, and readers see the old table until the new one is complete.
-#}
{% macro should_full_refresh() -%}
    {%- set configured = config.get('full_refresh') -%}
    {%- if configured is none -%}
        {%- set configured = flags.FULL_REFRESH -%}
    {%- endif -%}
    {{ return(configured or columns_have_changed()) }}
{%- endmacro %}

{% macro columns_have_changed() -%}
    {%- if not execute or model.config.materialized != 'incremental' or not model.columns -%}
        {{ return(false) }}
    {%- endif -%}
    {%- set relation = load_cached_relation(this) -%}
    {%- if relation is none or not relation.is_table -%}{{ return(false) }}{%- endif -%}
    {%- set columns = adapter.get_columns_in_relation(relation) | map(attribute='name') | list -%}
    {{ return(columns | sort != model.columns.keys() | sort) }}
{%- endmacro %}
