{#-
    Views of dbt that stay while their definition does: a night would make some thirty views anew, each with a
    lock that its readers wait for, and none of them different. A view is known by its oid, so that one which
    went with its table, or was made by hand, is made again.
-#}
{%- materialization view, adapter='postgres' -%}
    {%- set parts = [
        sql, model.description, model.columns, config.get('grants'), config.get('persist_docs')
    ] -%}
    {#- A copy of the warehouse under another name has the same views. -#}
    {%- set definition = local_md5(parts | string | replace('"' ~ this.database ~ '".', '')) -%}
    {%- if not flags.FULL_REFRESH and view_is_current(definition) -%}
        {%- call noop_statement('main', 'VIEW STAYS') -%}{{ sql }}{%- endcall -%}
        {{ run_hooks(post_hooks) }}
        {%- do adapter.commit() -%}
        {{ return({'relations': [this.incorporate(type='view')]}) }}
    {%- endif -%}
    {%- set relations = dbt.materialization_view_default() -%}
    {%- call statement('remember_definition') -%}
        insert into intermediate.view_definitions (view_name, view_oid, definition)
        values ('{{ this.include(database=false) }}', '{{ this }}'::regclass, '{{ definition }}')
        on conflict (view_name) do update set view_oid = excluded.view_oid, definition = excluded.definition;
    {%- endcall -%}
    {%- do adapter.commit() -%}
    {{ return(relations) }}
{%- endmaterialization -%}

{#- Whether the view is there and was made from this definition. -#}
{% macro view_is_current(definition) -%}
    {%- set existing = load_cached_relation(this) -%}
    {%- if existing is none or not existing.is_view -%}{{ return(false) }}{%- endif -%}
    {%- call statement('current_definition', fetch_result=true) -%}
        select 1 from intermediate.view_definitions
        where view_oid = '{{ this }}'::regclass and definition = '{{ definition }}'
    {%- endcall -%}
    {{ return(load_result('current_definition').data | length == 1) }}
{%- endmacro %}
