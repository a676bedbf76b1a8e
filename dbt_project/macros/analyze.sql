{#- Statistics for the planner after a first or full build; small nightly changes need none. -#}
{% macro analyze_full_build() -%}
    {%- if execute and not is_incremental() -%}
        {{ return(adapter.dispatch('analyze_full_build', 'usage_warehouse')()) }}
    {%- endif -%}
{%- endmacro %}

{% macro default__analyze_full_build() -%}{%- endmacro %}

{% macro postgres__analyze_full_build() -%}
    analyze {{ this }}
{%- endmacro %}
