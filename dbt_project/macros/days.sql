{#-
    Which days a run is about. Days are ISO strings while SQL is being written and constants in the
    SQL, so that Postgres reads only the partitions it needs. Nothing here asks for today's date.
-#}

{#- The first and the last loaded day; both 1970-01-01 in a warehouse where nothing is loaded. -#}
{% macro ledger_days() -%}
    {%- set days = {'first': '1970-01-01', 'last': '1970-01-01'} -%}
    {%- if execute -%}
        {%- set found = run_query(
            'select min(execution_date), max(execution_date) from ' ~ source('raw', 'load_ledger')
        ).rows[0] -%}
        {%- if found[0] is not none -%}
            {%- do days.update({'first': found[0] | string, 'last': found[1] | string}) -%}
        {%- endif -%}
    {%- endif -%}
    {{ return(days) }}
{%- endmacro %}

{#- The day of a dbt var, or none when it is not given. -#}
{% macro given_day(name) -%}
    {%- set text = var(name, '') | string | trim -%}
    {%- if text in ('', 'None') -%}{{ return(none) }}{%- endif -%}
    {%- if not modules.re.fullmatch('[0-9]{4}-[0-9]{2}-[0-9]{2}', text) -%}
        {{ exceptions.raise_compiler_error(
            'The var ' ~ name ~ ' is no day: ' ~ text ~ '. Write it as 2026-01-31.') }}
    {%- endif -%}
    {{ return(modules.datetime.datetime.strptime(text, '%Y-%m-%d').strftime('%Y-%m-%d')) }}
{%- endmacro %}

{#- {first, last, as_of}: the days whose executions changed, and the day that "current" means. -#}
{% macro changed_days() -%}
    {%- set first, last, as_of = given_day('from_day'), given_day('to_day'), given_day('as_of_day') -%}
    {%- if (first is none) != (last is none) or (first is not none and first > last) -%}
        {{ exceptions.raise_compiler_error(
            'Give the vars from_day and to_day together, from_day not after to_day.') }}
    {%- endif -%}
    {%- if first is none or as_of is none -%}
        {%- set ledger = ledger_days() -%}
        {{ return({
            'first': first or ledger.first, 'last': last or ledger.last, 'as_of': as_of or ledger.last
        }) }}
    {%- endif -%}
    {{ return({'first': first, 'last': last, 'as_of': as_of}) }}
{%- endmacro %}

{#-
    The changed days; every loaded day up to the as-of date for a model that is built for the first
    time, or was first built when nothing was loaded. Later days wait for a run of their own.
-#}
{% macro days_to_build() -%}
    {%- set days = changed_days() -%}
    {%- if not is_incremental() or not has_rows(this) -%}
        {%- set ledger = ledger_days() -%}
        {%- do days.update({'first': ledger.first, 'last': [ledger.last, days.as_of] | min}) -%}
    {%- endif -%}
    {{ return(days) }}
{%- endmacro %}

{#-
    {first, last}: the as-of dates to compute again. A changed day moves the as-of dates up to
    `lookahead_days` later; as-of dates never computed before (a night was left out) come with them.
-#}
{% macro as_of_dates_to_build(lookahead_days) -%}
    {%- set days = days_to_build() -%}
    {%- set first = days.first -%}
    {%- set last = [shift_day(days.last, lookahead_days), days.as_of] | min -%}
    {%- if is_incremental() -%}
        {%- set latest = latest_day(this, 'as_of_date') -%}
        {%- set missing = shift_day(latest, 1) if latest else ledger_days().first -%}
        {%- if missing <= days.as_of -%}
            {%- set first, last = [first, missing] | min, days.as_of -%}
        {%- endif -%}
    {%- endif -%}
    {{ return({'first': first, 'last': last}) }}
{%- endmacro %}

{#-
    The first week to compute again: the week of the first changed day or of the as-of date, whichever
    is earlier, and never later than the last week there is, which may have been incomplete.
-#}
{% macro first_week_to_build() -%}
    {%- set days = days_to_build() -%}
    {%- set weeks = [monday_of(days.first), monday_of(days.as_of)] -%}
    {%- if is_incremental() -%}
        {%- do weeks.append(latest_day(this, 'week_start_date') or monday_of(ledger_days().first)) -%}
    {%- endif -%}
    {{ return(weeks | min) }}
{%- endmacro %}

{#- The greatest value of a date column of a table that exists, or none. -#}
{% macro latest_day(relation, column) -%}
    {%- if not execute -%}{{ return(none) }}{%- endif -%}
    {%- set found = run_query('select max(' ~ column ~ ') from ' ~ relation).rows[0][0] -%}
    {{ return(found | string if found is not none else none) }}
{%- endmacro %}

{% macro has_rows(relation) -%}
    {{ return(execute and run_query('select 1 from ' ~ relation ~ ' limit 1').rows | length > 0) }}
{%- endmacro %}

{% macro shift_day(day, days) -%}
    {%- set shifted = (
        modules.datetime.datetime.strptime(day, '%Y-%m-%d') + modules.datetime.timedelta(days=days)
    ) -%}
    {{ return(shifted.strftime('%Y-%m-%d')) }}
{%- endmacro %}

{% macro monday_of(day) -%}
    {{ return(shift_day(day, -modules.datetime.datetime.strptime(day, '%Y-%m-%d').weekday())) }}
{%- endmacro %}
