{{ config(post_hook="{{ inherit_comments(ref('workflow_success_rates')) }}") }}

select * from {{ ref('workflow_success_rates') }}
where as_of_date = {{ date_literal(changed_days().as_of) }}
