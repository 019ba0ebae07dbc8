"""An installation: a data folder and a database on one engine, worked on by processes that can be killed."""

import os
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import unquote, urlsplit

SCRIPTS = Path(__file__).parent / "scripts"


@dataclass(frozen=True, slots=True)
class Installation:
    """A data folder and a database that is ready for use."""

    engine: str
    data: Path
    url: str

    @property
    def database(self) -> str:
        """The file of an SQLite database, the name of one on PostgreSQL."""
        path = unquote(urlsplit(self.url).path).strip("/")
        return f"/{path}" if self.engine == "sqlite" else path

    @property
    def environment(self) -> Mapping[str, str]:
        kept = {name: value for name, value in os.environ.items() if not name.startswith(("BUTTRESS_", "DJANGO_"))}
        return {
            **kept,
            "BUTTRESS_DATA": str(self.data),
            "BUTTRESS_DATABASE_URL": self.url,
            "DJANGO_SETTINGS_MODULE": "buttress.config.settings",
            "PYTHONPATH": str(SCRIPTS),
        }

    def start(self, *arguments: str) -> subprocess.Popen[str]:
        """A Python process on this installation, in a process group of its own."""
        return subprocess.Popen(
            [sys.executable, *arguments],
            env=dict(self.environment),
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )

    def run(self, *arguments: str) -> str:
        """As `start`, to its end; what it printed. Fails the test where it fails."""
        process = self.start(*arguments)
        out, err = process.communicate(timeout=300)
        assert process.returncode == 0, f"{arguments} ended with {process.returncode}:\n{out}\n{err}"
        return out

    def script(self, name: str, *arguments: str) -> str:
        return self.run(str(SCRIPTS / name), *arguments)
