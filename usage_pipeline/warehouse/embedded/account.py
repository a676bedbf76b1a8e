"""The account the embedded server runs under.

PostgreSQL refuses to run as root. Started by root, it runs as an unprivileged account instead;
started by anyone else, as that person.
"""

import hashlib
import os
import shutil
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path

from usage_pipeline.errors import WarehouseUnavailableError

_UNPRIVILEGED = "nobody"
# Where a root-started server lives when its account cannot reach USAGE_HOME or the wheel.
_SYSTEM_FOLDER = Path("/var/lib/usage-pipeline")


@dataclass(frozen=True)
class ServerAccount:
    """Runs PostgreSQL's programs, and owns its files, as the right account.

    Attributes:
        binaries: the PostgreSQL installation the account can reach.
        uid: the account to switch to, or None to stay who we are.
        gid: its group.
        relocated: the folder to use when the account cannot reach the home, else None.
    """

    binaries: Path
    uid: int | None = None
    gid: int | None = None
    relocated: Path | None = None

    def place(self, link: Path) -> Path:
        """Where the server's folder goes: `wanted`, or a folder the account can reach."""
        return self.relocated or link

    def own(self, path: Path) -> None:
        """Give `path` to the account."""
        if self.uid is not None and self.gid is not None:
            os.chown(path, self.uid, self.gid)

    def run(self, program: str, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Run one of PostgreSQL's programs as the account, detached from our terminal."""
        # Temporary files, not pipes: the server would hold a pipe open for as long as it runs.
        with tempfile.TemporaryFile("w+") as out, tempfile.TemporaryFile("w+") as err:
            code = subprocess.call(  # noqa: S603 - our own binary, no shell
                [str(self.binaries / "bin" / program), *arguments],
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=err,
                cwd="/",
                env={"PATH": "/usr/bin:/bin", "LC_ALL": "C", "TZ": "UTC"},
                start_new_session=True,
                umask=0o077,
                user=self.uid,
                group=self.gid,
                extra_groups=None if self.uid is None else [],
            )
            out.seek(0)
            err.seek(0)
            return subprocess.CompletedProcess(program, code, out.read(), err.read())


def account_for(home: Path, packaged: Path) -> ServerAccount:
    """Choose the account for a server under `home` from the installation `packaged`.

    Raises:
        WarehouseUnavailableError: started by root on a machine without an unprivileged account.
    """
    if not hasattr(os, "geteuid") or os.geteuid() != 0:
        return ServerAccount(packaged)
    import pwd

    try:
        entry = pwd.getpwnam(_UNPRIVILEGED)
    except KeyError:
        raise WarehouseUnavailableError(
            f"PostgreSQL cannot run as root and this machine has no account {_UNPRIVILEGED!r}: "
            "start as an ordinary user or set USAGE_DATABASE_URL."
        ) from None
    uid, gid = entry.pw_uid, entry.pw_gid
    binaries = packaged
    if not _can_reach(packaged / "bin" / "postgres", uid, gid):
        binaries = _copied(packaged)
    relocated = None
    if not _can_reach(home, uid, gid):
        digest = hashlib.sha256(str(home).encode()).hexdigest()[:16]
        relocated = _SYSTEM_FOLDER / digest
    return ServerAccount(binaries, uid, gid, relocated)


def _can_reach(path: Path, uid: int, gid: int) -> bool:
    """Whether the account may pass every folder above `path` and use `path` itself."""
    folder = path if path.exists() else path.parent
    for place in [*reversed(folder.parents), folder]:
        if not place.exists():
            continue
        status = place.stat()
        bit = 0o100 if status.st_uid == uid else 0o010 if status.st_gid == gid else 0o001
        if not status.st_mode & bit:
            return False
    return True


def _copied(packaged: Path) -> Path:
    """Copy the installation to where every account can reach it, once per place and version."""
    build = (packaged / "bin" / "postgres").stat()
    identity = f"{packaged} {build.st_size} {build.st_mtime_ns}"
    digest = hashlib.sha256(identity.encode()).hexdigest()[:16]
    target = _SYSTEM_FOLDER / f"postgresql-{digest}"
    if not target.exists():
        scratch = target.with_suffix(f".{os.getpid()}")
        shutil.copytree(packaged, scratch, symlinks=True)
        scratch.chmod(0o755)
        _SYSTEM_FOLDER.chmod(0o755)
        try:
            scratch.rename(target)
        except OSError:
            # Another process was faster.
            shutil.rmtree(scratch)
            if not target.exists():
                raise
    return target
