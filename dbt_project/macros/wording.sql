{#- Words in messages: names on one line in quotes, counts in singular and plural. -#}

{#- A workflow's name as a message shows it; without one, the beginning of its id. -#}
{% macro shown_name(name, workflow_id) -%}
    '"' || coalesce(
        nullif(trim(replace({{ single_line('cast(' ~ name ~ ' as ' ~ dbt.type_string() ~ ')') }}, '"', '''')), ''),
        'workflow ' || substring(cast({{ workflow_id }} as {{ dbt.type_string() }}), 1, 8)
    ) || '"'
{%- endmacro %}

{#- Text without characters that would break its line or change how the rest of it is shown. -#}
{% macro single_line(text) -%}
    {{ return(adapter.dispatch('single_line', 'usage_warehouse')(text)) }}
{%- endmacro %}

{% macro default__single_line(text) -%}
    regexp_replace({{ text }}, '[\\p{Cc}\\p{Cf}\\p{Zl}\\p{Zp}]+', ' ')
{%- endmacro %}

{% macro postgres__single_line(text) -%}
    regexp_replace({{ text }}, '[\u0001-\u001f\u007f-\u009f\u00ad\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff]+', ' ', 'g')
{%- endmacro %}

{#- `1 user`, `2 users`. -#}
{% macro counted(number, one, many=none) -%}
    cast({{ number }} as {{ dbt.type_string() }})
    || case when {{ number }} = 1 then ' {{ one }}' else ' {{ many or one ~ 's' }}' end
{%- endmacro %}

{#- A fraction in whole per cent, halves up; neither 0 % nor 100 % unless it is exactly that. -#}
{% macro percent(fraction) -%}
    case
        when {{ fraction }} > 0 and {{ fraction }} < 0.005 then 'less than 1%'
        when {{ fraction }} < 1 and {{ fraction }} >= 0.995 then 'more than 99%'
        else cast(cast(round(cast(100 * {{ fraction }} as numeric)) as integer) as {{ dbt.type_string() }}) || '%'
    end
{%- endmacro %}

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
