{{ config(post_hook="{{ inherit_comments(ref('popular_workflows')) }}") }}

select * from {{ ref('popular_workflows') }}
where as_of_date = {{ date_literal(changed_days().as_of) }}
