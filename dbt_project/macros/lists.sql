{#- Lists in a column, which each database takes apart and puts together its own way. -#}

{#- A query of one row per element of a list: `key`, `place` from 1 on, `element`. -#}
{% macro elements_of(relation, key, list) -%}
    {{ return(adapter.dispatch('elements_of', 'usage_warehouse')(relation, key, list)) }}
{%- endmacro %}

{% macro default__elements_of(relation, key, list) -%}
    select {{ key }}, place + 1 as place, element
    from {{ relation }} lateral view posexplode({{ list }}) elements as place, element
{%- endmacro %}

{% macro postgres__elements_of(relation, key, list) -%}
    select held.{{ key }}, elements.place, elements.element
    from {{ relation }} as held
    cross join lateral unnest(held.{{ list }}) with ordinality as elements (element, place)
{%- endmacro %}

{#- The values of a column as one list in the order of another column, NULL kept: an aggregate. -#}
{% macro list_in_order(value, place) -%}
    {{ return(adapter.dispatch('list_in_order', 'usage_warehouse')(value, place)) }}
{%- endmacro %}

{% macro default__list_in_order(value, place) -%}
    transform(array_sort(collect_list(struct({{ place }} as place, {{ value }} as element))), each -> each.element)
{%- endmacro %}

{% macro postgres__list_in_order(value, place) -%}
    array_agg({{ value }} order by {{ place }})
{%- endmacro %}
