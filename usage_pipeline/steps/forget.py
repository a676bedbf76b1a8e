"""Forgetting a user as a whole: out of every table, then the marts of their days built again."""

from usage_pipeline.errors import UsageError
from usage_pipeline.settings import Settings
from usage_pipeline.steps.build import rebuild_marts
from usage_pipeline.warehouse.connection import Warehouse
from usage_pipeline.warehouse.ledger import as_of_day
from usage_pipeline.warehouse.locks import building
from usage_pipeline.warehouse.people.erasure import Erasure, find_user, forget_user


def forget_everywhere(settings: Settings, warehouse: Warehouse, user: str) -> Erasure:
    """Forget a user, by our id or the source's.

    Raises:
        UsageError: the user does not exist; or the user is forgotten, but dbt failed, so that this
            is to be run again.
    """
    with building(warehouse):
        with warehouse.connect() as connection:
            user_id = find_user(connection, user)
            as_of = as_of_day(connection, [])
        erasure = forget_user(warehouse, user_id)
        if erasure.marts_are_built and erasure.days is not None and as_of is not None:
            try:
                rebuild_marts(settings, warehouse, *erasure.days, as_of)
            except UsageError as error:
                raise UsageError(
                    f"{user!r} is forgotten, but the marts of their days are not built again yet "
                    f"({error}): mend that and run forget-user {user_id} again."
                ) from None
    return erasure
