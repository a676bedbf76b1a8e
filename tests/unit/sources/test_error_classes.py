"""Error classes: what differs each time is masked, what went wrong stays, no secret survives."""

import string

import pyarrow as pa
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from usage_pipeline.sources.conform.error_classes import (
    ERROR_CLASS_CHARACTERS,
    error_classes,
    masked,
)


def one(message: str) -> str | None:
    text: str | None = masked(pa.array([message], pa.string())).to_pylist()[0]
    return text


@pytest.mark.parametrize(
    ("message", "error_class"),
    [
        ("Timeout after 30 s", "Timeout after <number> s"),
        ("took 12.5ms, 3rd try of 1,000", "took <number>, <number> try of <number>"),
        ("Index -5 out of 10", "Index -<number> out of <number>"),
        ("disk at 97.5%", "disk at <number>"),
        ("run 018f3c1e-7a11-7cc2-9a55-0242ac120002 failed", "run <id> failed"),
        ("commit 9fceb02d0ae598e95dc970b74767f19372d61af8", "commit <id>"),
        ("pod etl-7d9f8b6c5-x2x4z was evicted", "pod <id> was evicted"),
        ("at 2026-05-04T08:00:00.123Z", "at <time>"),
        ("on 04.05.2026 at 08:00:01,5", "on <time> at <time>"),
        ("mail to ana.b+c@example.org bounced", "mail to <email> bounced"),
        ("GET https://a.b/c?d=e#f: refused", "GET <url> refused"),
        ("10.0.0.7:5432 and [2001:db8::1] refused", "<address> and <address> refused"),
        ("db-1.internal:5432 refused", "<address> refused"),
        ("no file /var/lib/x/y.csv: give up", "no file <path>: give up"),
        ("no column “a b” in ‘t’", "no column <text> in <text>"),  # noqa: RUF001
        (r"no file C:\Users\ana\x.csv", "no file <path>"),
        ("no file data/2026/x.csv", "no file <path>"),
        ("no column 'user id' in \"t\"", "no column <text> in <text>"),
        ("can't open it, don't ask", "can't open it, don't ask"),
        ("read and/or write", "read and/or write"),
        ("java.lang.IndexOutOfBoundsException: no", "java.lang.IndexOutOfBoundsException: no"),
        ("std::bad_alloc", "std::bad_alloc"),
        ("the token expired", "the token expired"),
        ("  \n first line\n  second 2\n", "first line"),
        (
            'Traceback (most recent call last):\n  File "/x.py", line 3, in f\n    g()\n'
            "KeyError: 'ana'\n",
            "KeyError: <text>",
        ),
        ("x" * 47 + " y" * 200, ("x" * 47 + " y" * 200)[:ERROR_CLASS_CHARACTERS].strip()),
        ("tabs\tand   blanks", "tabs and blanks"),
    ],
)
def test_what_differs_each_time_is_masked(message: str, error_class: str) -> None:
    assert one(message) == error_class


def test_only_failures_with_a_message_have_a_class() -> None:
    classes = error_classes(
        pa.chunked_array([["no 1", "no 2"], [None, "  ", "no 3", "no 4"]], pa.string()),
        pa.chunked_array(
            [["failed", "failed"], ["failed", "failed", "completed", "started"]], pa.string()
        ),
    )
    assert classes.to_pylist() == ["no <number>", "no <number>", None, None, None, None]
    assert error_classes(pa.array([], pa.string()), pa.array([], pa.string())).to_pylist() == []


WORDS = st.text(string.ascii_letters + string.digits + "_-", min_size=24, max_size=40)
SECRETS = st.one_of(
    st.text(string.ascii_uppercase + string.digits, min_size=16, max_size=16).map("AKIA{}".format),
    WORDS.map("ghp_{}".format),
    WORDS.map("sk-{}".format),
    WORDS.map("xoxb-{}".format),
    WORDS.map("glpat-{}".format),
    WORDS.map("wu_{}".format),
    st.tuples(WORDS, WORDS, WORDS).map(lambda parts: "eyJ{}.{}.{}".format(*parts)),
)
VALUES = st.text(string.ascii_letters + string.digits + "!$%&/()?*+#-_.~", min_size=6, max_size=30)
AROUND = st.text(string.ascii_letters + " .,:;()", max_size=12)


@given(AROUND, SECRETS, AROUND)
def test_what_an_issuer_has_marked_never_survives(before: str, secret: str, after: str) -> None:
    assert secret[8:] not in (one(f"{before} {secret} {after}") or "")


@given(
    st.sampled_from(["password", "PASSWD", "db_password", "token", "api-key", "apiKey", "secret"]),
    st.sampled_from(["=", ": ", " = ", "='", '="', '": "', " is "]),
    VALUES,
)
def test_the_value_of_what_is_named_like_a_secret_never_survives(
    name: str, between: str, value: str
) -> None:
    error_class = one(f"failed with {name}{between}{value}") or ""
    assert value not in error_class.replace("failed with", "")


@given(VALUES, VALUES)
def test_credentials_in_addresses_and_headers_never_survive(user: str, password: str) -> None:
    for text in (
        f"postgresql://{user}:{password}@db/x refused",
        f"Authorization: Basic {password}=",
        f"sent Bearer {password}{user}, refused",
    ):
        assert password not in (one(text) or "")


@given(st.text(max_size=300))
@example("a\x00b")
@example("''a''b'")
@example("\u2028x\u2028y")
def test_any_text_is_masked_within_bounds(message: str) -> None:
    error_class = one(message)
    assert error_class is None or 0 < len(error_class) <= ERROR_CLASS_CHARACTERS
    assert error_class is None or not any(letter in string.digits for letter in error_class)


@given(st.text("ab'\"<>/.:= \n019", max_size=60))
def test_digits_and_lines_never_survive(message: str) -> None:
    error_class = one(message) or ""
    assert not set(error_class) & {*"019", "\n"}
