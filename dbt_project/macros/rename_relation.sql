{#-
    dbt swaps a rebuilt table in by renaming, for which nobody may be reading the old one. Whoever waits
    for that makes every later reader wait behind them, so each attempt gives up after a moment and lets
    them pass before the next, as the loads in Python do.
-#}
{% macro postgres__rename_relation(from_relation, to_relation) -%}
    {%- set new_name = adapter.quote_as_configured(to_relation.identifier, 'identifier') -%}
    {%- call statement('rename_relation') -%}
        {% if from_relation.is_table %}{{ lock_patiently(from_relation) }}{% endif %}
        alter table {{ from_relation.render() }} rename to {{ new_name }}
    {%- endcall -%}
{%- endmacro %}

{% macro lock_patiently(relation, attempts=60) -%}
    do $lock$
    begin
        for attempt in 1..{{ attempts }} loop
            begin
                set local lock_timeout = '{{ env_var("USAGE_DB_LOCK_TIMEOUT_SECONDS", "3") }}s';
                lock table {{ relation.render() }} in access exclusive mode;
                set local lock_timeout = 0;
                return;
            exception
                when lock_not_available then perform pg_sleep(least(0.1 * 2 ^ attempt, 2));
            end;
        end loop;
        raise lock_not_available using message =
            'readers have held {{ relation }} for {{ attempts }} attempts: end the long query';
    end
    $lock$;
{%- endmacro %}
