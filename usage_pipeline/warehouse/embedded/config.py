"""The configuration of the embedded server: memory by this machine's size, loopback only."""

import os
from typing import Final

LOGS: Final = "logs"
"""The folder of the server's log files, beside its data."""

_MIB = 1024 * 1024
_GIB = 1024 * _MIB


def server_config(port: int, memory_bytes: int | None = None) -> str:
    """Write `postgresql.auto.conf` for a server that shares its machine with the pipeline.

    Args:
        port: the TCP port on 127.0.0.1.
        memory_bytes: the machine's memory; read from the machine when None.
    """
    memory = memory_bytes or _machine_memory()
    shared = _clamp(memory // 8, 128 * _MIB, 2 * _GIB)
    maintenance = _clamp(memory // 32, 64 * _MIB, 512 * _MIB)
    work = _clamp(memory // 256, 8 * _MIB, 64 * _MIB)
    settings = {
        "port": str(port),
        "listen_addresses": "'127.0.0.1'",
        "unix_socket_directories": "''",
        "max_connections": "100",
        "shared_buffers": _megabytes(shared),
        "maintenance_work_mem": _megabytes(maintenance),
        "work_mem": _megabytes(work),
        "effective_cache_size": _megabytes(memory // 2),
        # One server, no replica: a COPY into a table made in the same transaction needs no WAL.
        "wal_level": "minimal",
        "max_wal_senders": "0",
        "max_wal_size": "'4GB'",
        "checkpoint_timeout": "'15min'",
        "random_page_cost": "1.1",
        "jit": "off",
        # Every day is a partition, and a long backfill touches many in one transaction.
        "max_locks_per_transaction": "512",
        # A week of files of a day each, the oldest of which is written over.
        "logging_collector": "on",
        "log_directory": f"'../{LOGS}'",
        "log_filename": "'%a.log'",
        "log_truncate_on_rotation": "on",
        "log_rotation_size": "0",
        "log_timezone": "'UTC'",
        "timezone": "'UTC'",
        "log_line_prefix": "'%m [%p] %q%u@%d '",
        "password_encryption": "'scram-sha-256'",
    }
    return "".join(f"{name} = {value}\n" for name, value in settings.items())


def _machine_memory() -> int:
    try:
        return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    except (AttributeError, ValueError, OSError):
        return 4 * _GIB


def _clamp(value: int, low: int, high: int) -> int:
    return max(low, min(value, high))


def _megabytes(value: int) -> str:
    return f"'{value // _MIB}MB'"
