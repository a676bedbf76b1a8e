{#-
    Incremental strategy `replace_days`: the target's rows of the affected days go, the recomputed ones
    come, in one transaction. Rows whose source rows have vanished go too, and so does a day that has
    become empty; nothing is matched by key. The model says in its meta:

    replaced_column   the date column that says which day (or week) a row is about
    lookahead_days    how many days after a changed day its rows still depend on it; absent: all
    as_of_history     true when rows are as-of dates or weeks, which end with the as-of date

    The work follows the days touched, however long the history is: each delete names a span of days as
    constants, so that an index on the column or the pruning of partitions leaves the rest unread.
-#}
{% macro get_incremental_replace_days_sql(arg_dict) -%}
    {%- set target, recomputed = arg_dict['target_relation'], arg_dict['temp_relation'] -%}
    {%- set columns = get_quoted_csv(arg_dict['dest_columns'] | map(attribute='name')) -%}
    {{ renamed_workflows_sql(target, arg_dict['dest_columns']) }}

    {% for span in spans_to_delete(recomputed, config.get('meta')) -%}
    delete from {{ target }} where {{ within_span(config.get('meta').replaced_column, span) }};
    {% endfor %}
    insert into {{ target }} ({{ columns }})
    select {{ columns }} from {{ recomputed }}
{%- endmacro %}

{#-
    [(first, last), ...]: the spans whose rows are outdated, and those of recomputed rows beyond them
    (as-of dates that a left-out night brings along). A bound that is none is open.
-#}
{% macro spans_to_delete(recomputed, meta) -%}
    {%- set days = days_to_build() -%}
    {%- if meta.lookahead_days is defined -%}
        {%- set outdated = [(days.first, shift_day(days.last, meta.lookahead_days))] -%}
    {%- else -%}
        {%- set outdated = [(monday_of([days.first, days.as_of] | min), none)] -%}
    {%- endif -%}
    {%- if meta.as_of_history -%}
        {%- do outdated.append((shift_day(days.as_of, 1), none)) -%}
    {%- endif -%}
    {%- set spans = outdated | list -%}
    {%- for day in distinct_days(recomputed, meta.replaced_column) -%}
        {%- set covered = namespace(yes=false) -%}
        {%- for first, last in spans if first <= day and (last is none or day <= last) -%}
            {%- set covered.yes = true -%}
        {%- endfor -%}
        {%- if not covered.yes -%}
            {%- set first, last = spans[-1] -%}
            {%- if spans | length > outdated | length and day == shift_day(last, 1) -%}
                {%- do spans.append((spans.pop()[0], day)) -%}
            {%- else -%}
                {%- do spans.append((day, day)) -%}
            {%- endif -%}
        {%- endif -%}
    {%- endfor -%}
    {{ return(spans) }}
{%- endmacro %}

{#- The days of a date column in order, ISO strings. -#}
{% macro distinct_days(relation, column) -%}
    {%- if not execute -%}{{ return([]) }}{%- endif -%}
    {%- set found = run_query('select distinct ' ~ column ~ ' from ' ~ relation ~ ' order by 1') -%}
    {{ return(found.columns[0].values() | map('string') | list) }}
{%- endmacro %}

{% macro within_span(column, span) -%}
    {{ column }} >= {{ date_literal(span[0]) }}
    {%- if span[1] is not none %} and {{ column }} <= {{ date_literal(span[1]) }}{% endif -%}
{%- endmacro %}
