"""How a call ended, as a status and a bounded text. Pure."""

from usage_pipeline.client.reports import ERROR_CHARACTERS, Status


def status_of(error: BaseException | None) -> Status:
    """What an execution that ended with this exception is.

    `CancelledError`, `KeyboardInterrupt` and `GeneratorExit` end a call from outside: cancelled.
    So does a group of nothing but these. `sys.exit()` without a complaint is an ordinary end.
    """
    if error is None:
        return "completed"
    if isinstance(error, SystemExit):
        return "completed" if error.code in (None, 0) else "failed"
    if isinstance(error, BaseExceptionGroup):
        return "failed" if error.subgroup(Exception) is not None else "cancelled"
    return "failed" if isinstance(error, Exception) else "cancelled"


def error_text(error: BaseException, *, with_message: bool) -> str:
    """Type and message of an exception, never longer than `ERROR_CHARACTERS`."""
    name = type(error).__qualname__
    if not with_message:
        return name[:ERROR_CHARACTERS]
    try:
        message = str(error)
    except Exception:
        # An exception that cannot say what it is still happened.
        message = ""
    return shortened(f"{name}: {message}" if message else name)


def shortened(text: str) -> str:
    """A text of at most `ERROR_CHARACTERS`, with an ellipsis where it was cut."""
    return text if len(text) <= ERROR_CHARACTERS else text[: ERROR_CHARACTERS - 1] + "…"
