{#-
    The as-of date of a model's table: a row beside it, written in the transaction that builds
    the table, so that it can be trusted whatever failed in between. The table itself cannot tell: days
    without executions leave no trace in it.
-#}

{#- The as-of date of the table as it is now, or none when it is not known. -#}
{% macro built_as_of() -%}
    {%- if not execute -%}{{ return(none) }}{%- endif -%}
    {%- set memory = adapter.get_relation(
        database=this.database, schema='intermediate', identifier=this.identifier ~ '_as_of'
    ) -%}
    {{ return(latest_day(memory, 'as_of_date') if memory is not none else none) }}
{%- endmacro %}

{#- Post-hook of the model. -#}
{% macro remember_as_of() -%}
    {%- set memory = api.Relation.create(
        database=this.database, schema='intermediate', identifier=this.identifier ~ '_as_of'
    ) -%}
    create table if not exists {{ memory }} (as_of_date date not null);
    delete from {{ memory }};
    insert into {{ memory }} (as_of_date) values ({{ date_literal(changed_days().as_of) }})
{%- endmacro %}
