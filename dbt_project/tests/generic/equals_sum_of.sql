{#- A count equals the sum of the counts that it is divided into: no row falls between two of them. -#}
{% test equals_sum_of(model, column_name, parts, day_column=none) %}
select *
from {{ model }}
where
    {{ column_name }} != {{ parts | join(' + ') }}
    {%- if day_column is not none %}
    and {{ within_changed_days(day_column) }}
    {%- endif %}
{% endtest %}
