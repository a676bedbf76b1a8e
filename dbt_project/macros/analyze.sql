{#-
    Statistics for the planner after a build of a whole incremental model; the small changes of a night need
    none, and other tables are small.
-#}
{% macro analyze_full_build() -%}
    {%- if execute and model.config.materialized == 'incremental' -%}
        {{ return(adapter.dispatch('analyze_full_build', 'usage_warehouse')()) }}
    {%- endif -%}
{%- endmacro %}

{% macro default__analyze_full_build() -%}{%- endmacro %}

{% macro postgres__analyze_full_build() -%}
    {%- set statistics = run_query(
        "select 1 from pg_stats where schemaname = '" ~ this.schema ~ "' and tablename = '" ~ this.identifier
        ~ "' limit 1"
    ) -%}
    {%- if not statistics.rows -%}
        analyze {{ this }}
    {%- endif -%}
{%- endmacro %}
