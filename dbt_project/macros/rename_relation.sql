{#-
    dbt swaps a rebuilt table or view in by renaming, for which nobody may be reading the old one. Whoever
    waits for that makes every later reader wait behind them, so each attempt gives up after a moment and
    lets them pass before the next, as the loads in Python do.
-#}
{% macro postgres__rename_relation(from_relation, to_relation) -%}
    {%- set new_name = adapter.quote_as_configured(to_relation.identifier, 'identifier') -%}
    {%- call statement('rename_relation') -%}
        {{ run_patiently(
            'alter ' ~ from_relation.type ~ ' ' ~ from_relation.render() ~ ' rename to ' ~ new_name, from_relation
        ) }}
    {%- endcall -%}
{%- endmacro %}

{#- A statement that needs the lock of a relation for itself. -#}
{% macro run_patiently(statement, relation, attempts=60) -%}
    do $lock$
    begin
        for attempt in 1..{{ attempts }} loop
            begin
                set local lock_timeout = '{{ env_var("USAGE_DB_LOCK_TIMEOUT_SECONDS", "3") }}s';
                {{ statement }};
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
