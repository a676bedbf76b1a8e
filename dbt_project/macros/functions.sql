{#-
    Functions for analysts, in the schema of the marts: what the marts are computed by, over any period and group.
        marts.wilson_lower(successes, trials), marts.wilson_upper(successes, trials)
        marts.duration_percentile(0.95) within group (order by duration_bucket, duration_count)
-#}
{% macro create_functions() -%}
    {{ return(adapter.dispatch('create_functions', 'usage_warehouse')()) }}
{%- endmacro %}

{% macro default__create_functions() -%}{%- endmacro %}

{% macro postgres__create_functions() -%}
    {%- if execute and adapter.check_schema_exists(target.database, 'marts') %}
    {%- for name, sign in [('wilson_lower', '-'), ('wilson_upper', '+')] %}
    create or replace function marts.{{ name }}(successes numeric, trials numeric) returns double precision
    language sql immutable parallel safe
    return {{ wilson_bound('successes', 'trials', sign) }};
    comment on function marts.{{ name }}(numeric, numeric) is
    'The {{ 'lower' if sign == '-' else 'upper' }} bound of the Wilson 95 % interval of a success rate; NULL without trials.';
    {%- endfor %}

    create or replace function marts.duration_histogram_with(
        histogram bigint[], duration_bucket integer, duration_count bigint
    ) returns bigint[]
    language plpgsql immutable parallel safe
    as $$
    begin
        if duration_bucket is null or duration_count is null then
            return histogram;
        end if;
        -- Bucket -1, that of 0 ms, is the first.
        histogram[duration_bucket + 2] := coalesce(histogram[duration_bucket + 2], 0) + duration_count;
        return histogram;
    end
    $$;

    create or replace function marts.duration_of_histogram(histogram bigint[], share numeric)
    returns double precision
    language sql immutable parallel safe
    begin atomic
        select {{ percentile_from_histogram('share', 'duration_bucket', 'cumulative_count', 'total_count') }}
        from (
            select
                cast(bucket.place + array_lower(histogram, 1) - 3 as integer) as duration_bucket,
                sum(bucket.executions) over (order by bucket.place) as cumulative_count,
                sum(bucket.executions) over () as total_count
            from unnest(histogram) with ordinality as bucket (executions, place)
            where bucket.executions is not null
        ) as cumulative;
    end;

    create or replace aggregate marts.duration_percentile(
        share numeric order by duration_bucket integer, duration_count bigint
    ) (
        sfunc = marts.duration_histogram_with,
        stype = bigint[],
        initcond = '{}',
        finalfunc = marts.duration_of_histogram,
        parallel = safe
    );
    comment on aggregate marts.duration_percentile(numeric order by integer, bigint) is
    'A percentile in milliseconds over rows of user_workflow_durations, within 1 %: duration_percentile(0.95) within group (order by duration_bucket, duration_count).';
    {%- endif %}
{%- endmacro %}
