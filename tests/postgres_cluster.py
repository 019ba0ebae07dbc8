"""Private PostgreSQL clusters in temporary directories: for tests on both engines, fault tests and benchmarks."""

import os
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

ADDRESS = "BUTTRESS_TEST_POSTGRES_URL"
REQUIRED = "BUTTRESS_TEST_REQUIRE"
DATABASE = "buttress"


class NoPostgresError(Exception):
    """No PostgreSQL was found; the message is one line that says what to do."""

    def __init__(self) -> None:
        super().__init__(f"no initdb found; apt-get install postgresql, or set {ADDRESS}")


def is_required() -> bool:
    """Whether a missing PostgreSQL is a failure rather than a skip: BUTTRESS_TEST_REQUIRE names postgres."""
    return "postgres" in os.environ.get(REQUIRED, "").replace(",", " ").split()


def programs() -> Path:
    """The folder of initdb and pg_ctl: that of initdb on PATH, else the newest of Debian's. Raises NoPostgresError."""
    found = shutil.which("initdb")
    if found:
        return Path(found).resolve().parent
    versions = [path.parent for path in Path("/usr/lib/postgresql").glob("*/bin/initdb")]
    if not versions:
        raise NoPostgresError
    return max(versions, key=lambda path: float(path.parent.name))


@dataclass(frozen=True, slots=True)
class Cluster:
    """One server that listens on a socket in its own folder and on no network address; `postgres` may do everything."""

    folder: Path
    fsync: bool

    @property
    def url(self) -> str:
        """Address of the database `buttress`, as BUTTRESS_DATABASE_URL takes it."""
        return f"postgresql://postgres@/{DATABASE}?host={quote(str(self.folder))}"

    def create(self) -> None:
        """Makes the cluster, starts it and makes the database."""
        self.folder.chmod(0o700)
        if os.geteuid() == 0:
            shutil.chown(self.folder, "postgres", "postgres")
        sync = [] if self.fsync else ["--no-sync"]
        self._run("initdb", "-A", "trust", "-U", "postgres", "-E", "UTF8", "--locale=C.UTF-8", *sync, "-D", self._data)
        self.start()
        self._run("createdb", "-h", str(self.folder), "-U", "postgres", DATABASE)

    def start(self) -> None:
        """Starts the server and waits until it answers; after `kill` it recovers first."""
        options = f"-k {self.folder} -c listen_addresses='' -c fsync={'on' if self.fsync else 'off'}"
        self._run("pg_ctl", "-D", self._data, "-l", str(self.folder / "log"), "-w", "-o", options, "start")

    def kill(self) -> None:
        """Ends the server and its sessions as a crash does: nothing more is written."""
        os.kill(self._pid(), signal.SIGQUIT)
        self._run("pg_ctl", "-D", self._data, "-w", "-m", "immediate", "stop", check=False)

    def stop(self) -> None:
        """Ends the server, whatever sessions are left."""
        self._run("pg_ctl", "-D", self._data, "-w", "-m", "fast" if self.fsync else "immediate", "stop", check=False)

    @property
    def _data(self) -> str:
        return str(self.folder / "data")

    def _pid(self) -> int:
        return int((self.folder / "data" / "postmaster.pid").read_text().splitlines()[0])

    def _run(self, program: str, *arguments: str, check: bool = True) -> None:
        # initdb and postgres refuse to run as root. The log file, not a pipe, takes what the server says: a pipe that
        # the server inherits would never end.
        command = [str(programs() / program), *arguments]
        if os.geteuid() == 0:
            command = ["runuser", "-u", "postgres", "--", *command]
        with tempfile.TemporaryFile("w+") as said:
            ended = subprocess.run(
                command, cwd=self.folder, stdin=subprocess.DEVNULL, stdout=said, stderr=said, check=False
            )
            if check and ended.returncode:
                said.seek(0)
                raise RuntimeError(f"{program} ended with {ended.returncode}: {said.read().strip()[-2000:]}")


@contextmanager
def running_cluster(fsync: bool) -> Iterator[Cluster]:
    """A cluster of one's own that can be killed and started again. Raises NoPostgresError."""
    programs()
    # The path of a socket may have 107 bytes, so TMPDIR is not asked.
    with tempfile.TemporaryDirectory(prefix="buttress-pg-", dir="/tmp", ignore_cleanup_errors=True) as folder:
        cluster = Cluster(Path(folder), fsync)
        try:
            cluster.create()
            yield cluster
        finally:
            cluster.stop()


@contextmanager
def postgres_cluster(fsync: bool) -> Iterator[str]:
    """The address of the database of a new private cluster; with `fsync`, what it acknowledged outlives a crash.

    Raises NoPostgresError.
    """
    with running_cluster(fsync) as cluster:
        yield cluster.url


@contextmanager
def postgres_for_tests() -> Iterator[str]:
    """The address in BUTTRESS_TEST_POSTGRES_URL, else a private cluster that is fast and not durable.

    Raises NoPostgresError.
    """
    given = os.environ.get(ADDRESS)
    if given:
        yield given
    else:
        with postgres_cluster(fsync=False) as url:
            yield url
