"""Whose a key is: somebody whom the warehouse knows, told by the name that their source uses."""

from uuid import UUID

import pytest

from usage_pipeline.errors import UsageError
from usage_pipeline.identity import mapped_id, source_namespace
from usage_pipeline.warehouse.connection import Warehouse
from usage_pipeline.warehouse.people.api_keys import create_key, list_keys, require_user

ANA = mapped_id("user", "ana", source_namespace("ci"))


def test_a_key_is_of_a_known_user_and_listed_with_their_name(warehouse: Warehouse) -> None:
    with warehouse.connect() as connection:
        with pytest.raises(UsageError, match="There is no user 'ana' in the namespace 'tracked'"):
            require_user(connection, ANA, "ana", "tracked")
        connection.execute(
            "insert into raw.users (user_id, source, source_user_id) values (%s, 'ci', 'ana')",
            [ANA],
        )
        require_user(connection, ANA, "ana", "ci")
        create_key(connection, "laptop", ["read:self"], ANA)
        create_key(connection, "other", ["track"], UUID(int=7))
        create_key(connection, "app", ["track"])
        names = [(key.name, key.user_name, key.user_id) for key in list_keys(connection)]
    assert sorted(names) == [
        ("app", None, None),
        ("laptop", "ana", ANA),
        ("other", None, UUID(int=7)),
    ]
