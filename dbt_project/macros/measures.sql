{#-
    Numbers that need more than a column: each defined once, the ones a database writes its own way
    dispatched.
-#}

{#- Whether an execution is by people: started by one of their triggers, or by nobody knows what. -#}
{% macro is_by_people(trigger_type) -%}
    coalesce({{ trigger_type }} in ('{{ var('people_triggers') | join("', '") }}'), true)
{%- endmacro %}

{#- Whole milliseconds from start to end, rounded down; NULL without an end. -#}
{% macro duration_ms(started_at, ended_at) -%}
    {{ return(adapter.dispatch('duration_ms', 'usage_warehouse')(started_at, ended_at)) }}
{%- endmacro %}

{% macro default__duration_ms(started_at, ended_at) -%}
    cast(floor({{ dbt.datediff(started_at, ended_at, 'microsecond') }} / 1000.0) as {{ dbt.type_bigint() }})
{%- endmacro %}

{% macro postgres__duration_ms(started_at, ended_at) -%}
    cast(floor(extract(epoch from ({{ ended_at }} - {{ started_at }})) * 1000) as bigint)
{%- endmacro %}

{% macro spark__duration_ms(started_at, ended_at) -%}
    cast(floor((unix_micros({{ ended_at }}) - unix_micros({{ started_at }})) / 1000) as bigint)
{%- endmacro %}

{#- The bucket b whose durations lie in [base^b, base^(b+1)) ms; -1 for 0 ms. -#}
{% macro duration_bucket(milliseconds) -%}
    cast(case
        when {{ milliseconds }} < 1 then -1
        else floor(ln(cast(greatest({{ milliseconds }}, 1) as {{ dbt.type_float() }})) / ln({{ bucket_base() }}))
    end as smallint)
{%- endmacro %}

{% macro bucket_base() -%}
    cast({{ var('duration_bucket_base') }} as {{ dbt.type_float() }})
{%- endmacro %}

{#- The geometric middle of a bucket in ms; 0 for that of 0 ms. -#}
{% macro bucket_middle_ms(bucket) -%}
    case
        when {{ bucket }} < 0 then cast(0 as {{ dbt.type_float() }})
        else power({{ bucket_base() }}, {{ bucket }} + cast(0.5 as {{ dbt.type_float() }}))
    end
{%- endmacro %}

{#-
    A quantile from a histogram: the middle of the first bucket whose cumulative count reaches that
    share of the total. An aggregate: min over the buckets that reach it.
-#}
{% macro percentile_from_histogram(share, bucket, cumulative_count, total_count) -%}
    {%- set reaches = cumulative_count ~ ' >= ' ~ share ~ ' * ' ~ total_count -%}
    {{ bucket_middle_ms('min(case when ' ~ reaches ~ ' then ' ~ bucket ~ ' end)') }}
{%- endmacro %}

{#- A fraction in floating point, NULL with nothing to divide by: 7/2 is never 3. -#}
{% macro ratio(numerator, denominator) -%}
    cast({{ numerator }} as {{ dbt.type_float() }}) / nullif({{ denominator }}, 0)
{%- endmacro %}

{#-
    How far a success rate can be relied on: 'green', 'yellow' or 'red', and 'grey' when too few executions
    finished to tell. `sample_size` is what the rate is made of: success + failure.
-#}
{% macro reliability(success_rate, sample_size) -%}
    cast(case
        when coalesce({{ sample_size }}, 0) < {{ var('reliability_min_sample') }} then 'grey'
        when {{ success_rate }} > {{ var('reliability_green_above') }} then 'green'
        when {{ success_rate }} > {{ var('reliability_yellow_above') }} then 'yellow'
        else 'red'
    end as varchar(10))
{%- endmacro %}

{#-
    One bound of the Wilson 95 % interval of a rate, NULL without trials; `sign` is '-' (lower) or '+'
    (upper). Kept within 0..1, which the last digit of floating point would leave.
-#}
{% macro wilson_bound(successes, trials, sign) -%}
    {%- set z = 'cast(1.959963984540054 as ' ~ dbt.type_float() ~ ')' -%}
    {%- set n = 'cast(' ~ trials ~ ' as ' ~ dbt.type_float() ~ ')' -%}
    {%- set p = '(' ~ successes ~ ' / ' ~ n ~ ')' -%}
    case when {{ trials }} > 0 then greatest(0, least(1, (
        {{ p }} + {{ z }} * {{ z }} / (2 * {{ n }})
        {{ sign }} {{ z }} * sqrt({{ p }} * (1 - {{ p }}) / {{ n }} + {{ z }} * {{ z }} / (4 * {{ n }} * {{ n }}))
    ) / (1 + {{ z }} * {{ z }} / {{ n }}))) end
{%- endmacro %}

{#- The median of a column, an aggregate: the mean of the two middle values of an even number. -#}
{% macro median(column) -%}
    {{ return(adapter.dispatch('median', 'usage_warehouse')(column)) }}
{%- endmacro %}

{% macro default__median(column) -%}
    median({{ column }})
{%- endmacro %}

{% macro postgres__median(column) -%}
    percentile_cont(0.5) within group (order by {{ column }})
{%- endmacro %}

{#- A sum of counts; NULL where one of them is not known, which days retired long ago may be. -#}
{% macro sum_where_known(column, type) -%}
    cast(case when count({{ column }}) = count(*) then sum({{ column }}) end as {{ type }})
{%- endmacro %}
