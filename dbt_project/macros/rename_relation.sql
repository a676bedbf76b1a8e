{#-
    dbt swaps a rebuilt table or view in by renaming, for which nobody may be reading the old one. Whoever
    waits for that makes every later reader wait behind them, so each attempt gives up after a moment and
    lets them pass before the next, as the loads in Python do.

    dbt renames the old one, too, and drops it after the commit. A run that is killed between the two leaves
    it behind, so it goes at once, in the transaction of the swap.
-#}
{% macro postgres__rename_relation(from_relation, to_relation) -%}
    {%- set new_name = adapter.quote_as_configured(to_relation.identifier, 'identifier') -%}
    {%- if to_relation.identifier.endswith('__dbt_backup') -%}
        {%- set swap = get_drop_sql(from_relation) -%}
    {%- else -%}
        {%- set swap = get_rename_sql(from_relation, new_name) -%}
    {%- endif -%}
    {%- call statement('rename_relation') -%}
        {{ run_patiently(swap, from_relation) }}
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
