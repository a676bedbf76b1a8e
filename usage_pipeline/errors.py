"""Errors a user can cause, each one sentence that says what to do.

Anything raised here is shown as it is by the CLI, the API and Dagster, without a traceback.
Programming mistakes are not raised from here.
"""


class UsageError(Exception):
    """A mistake in the input or the surroundings that the user can mend."""

    exit_code = 1


class WrongUsageError(UsageError):
    """Arguments that make no sense, alone or together."""

    exit_code = 2


class InputError(UsageError):
    """An input that cannot be read or does not hold what was asked for."""

    exit_code = 3


class WarehouseUnavailableError(UsageError):
    """The warehouse cannot be reached or refuses the connection."""

    exit_code = 4
