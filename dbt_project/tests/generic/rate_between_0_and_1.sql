{#-
    Rates are fractions: a rate of 90 or -1 is a percentage or a mistake. NULL (nothing to divide by) passes.
-#}
{% test rate_between_0_and_1(model, column_name, day_column=none) %}
select *
from {{ model }}
where
    ({{ column_name }} < 0 or {{ column_name }} > 1)
    {%- if day_column is not none %}
    and {{ within_changed_days(day_column) }}
    {%- endif %}
{% endtest %}
