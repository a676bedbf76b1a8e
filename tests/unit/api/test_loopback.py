"""Which requests without a key a demo serves."""

import pytest
from fastapi import Request
from hypothesis import given
from hypothesis import strategies as st

from usage_pipeline.api.auth.loopback import is_foreign, is_loopback
from usage_pipeline.api.settings import ApiSettings


def request(**headers: str) -> Request:
    encoded = [(name.encode(), value.encode("utf-8")) for name, value in headers.items()]
    return Request({"type": "http", "method": "POST", "path": "/", "headers": encoded})


@pytest.mark.parametrize(
    ("headers", "origins", "foreign"),
    [
        ({"host": "127.0.0.1:8000"}, "", False),
        ({"host": "localhost:8000"}, "", False),
        ({"host": "[::1]:8000", "origin": "http://[::1]:8000"}, "", False),
        ({"host": "warehouse", "origin": "http://warehouse"}, "", True),
        ({"host": "192.168.0.7:8000", "origin": "http://192.168.0.7:8000"}, "", True),
        ({"host": ""}, "", True),
        ({}, "", True),
        ({"host": "localhost", "origin": "http://localhost:5173"}, "", False),
        ({"host": "localhost", "origin": "https://app.example"}, "https://app.example", False),
        ({"host": "localhost", "origin": "https://app.example"}, "a, https://app.example", False),
        ({"host": "localhost", "origin": "https://app.example"}, "*", True),
        ({"host": "localhost", "x-forwarded-for": "127.0.0.1"}, "", True),
        ({"host": "localhost", "forwarded": "for=10.0.0.1"}, "", True),
        ({"host": "localhost", "via": "1.1 proxy"}, "", True),
        ({"host": "localhost", "x-real-ip": "10.0.0.1"}, "", True),
        ({"host": "localhost", "origin": "https://app.example"}, "", True),
        ({"host": "localhost", "origin": "http://localhost.app.example"}, "", True),
        ({"host": "localhost", "origin": "null"}, "", True),
        ({"host": "localhost", "origin": "http://[broken"}, "", True),
        ({"host": "rebound.example:8000"}, "", True),
        ({"host": "rebound.example:8000"}, "*", True),
        ({"host": "127.0.0.1.rebound.example", "origin": "http://127.0.0.1"}, "", True),
    ],
)
def test_a_page_of_another_site_or_a_proxy_is_told_by_its_headers(
    headers: dict[str, str], origins: str, foreign: bool
) -> None:
    allowed = ApiSettings(cors_origins=origins).origins
    assert is_foreign(request(**headers), allowed) is foreign


@given(st.text(), st.text())
def test_no_header_is_an_error(host: str, origin: str) -> None:
    assert is_foreign(request(host=host, origin=origin), []) in (True, False)


@pytest.mark.parametrize("host", ["127.0.0.1", "127.9.9.9", "::1", "localhost"])
def test_this_machine_has_several_names(host: str) -> None:
    assert is_loopback(host)
    assert not is_loopback(host + ".example")
