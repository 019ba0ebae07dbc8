"""Actions on installations in processes that are forked in milliseconds, to be left alone or killed at an instant."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from threading import Timer
from typing import Any

from faults.installations import SCRIPTS, Installation


@dataclass
class Forge:
    """A warm process on one engine; each action runs in a child of it, on the installation that it is told."""

    process: subprocess.Popen[str]

    def run(self, action: str, installation: Installation, *arguments: Any) -> Any:
        """Its result; fails the test where it fails."""
        self.begin(action, installation, *arguments)
        answer, code = self.end()
        assert code == 0, f"{action} ended with {code}: {answer}"
        return answer["result"]

    def refused(self, action: str, installation: Installation, *arguments: Any) -> str:
        """The message with which it ended."""
        self.begin(action, installation, *arguments)
        answer, code = self.end()
        assert code == 1, f"{action} did not end in an error: {answer}"
        return str(answer["refused"])

    def timed(self, action: str, installation: Installation, *arguments: Any) -> float:
        """Seconds from the moment at which it is about to begin."""
        self.begin(action, installation, *arguments)
        started = time.monotonic()
        answer, code = self.end()
        assert code == 0, f"{action} ended with {code}: {answer}"
        return time.monotonic() - started

    def killed(self, action: str, installation: Installation, *arguments: Any, after: float) -> bool:
        """Whether it was killed, `after` so many seconds, before it came to its end."""
        pid = self.begin(action, installation, *arguments)
        time.sleep(after)
        with suppress(ProcessLookupError):
            os.killpg(pid, signal.SIGKILL)
        _, code = self.end()
        assert code in (0, -signal.SIGKILL), code
        return code != 0

    def begin(self, action: str, installation: Installation, *arguments: Any) -> int:
        order = {
            "action": action,
            "database": installation.database,
            "data": str(installation.data),
            "arguments": arguments,
        }
        assert self.process.stdin is not None
        self.process.stdin.write(json.dumps(order) + "\n")
        self.process.stdin.flush()
        return int(self._line()["pid"])

    def end(self) -> tuple[dict[str, Any], int]:
        """What the action said, and its exit code."""
        answer: dict[str, Any] = {}
        while "ended" not in (line := self._line()):
            answer |= line
        return answer, int(line["ended"])

    def _line(self) -> dict[str, Any]:
        assert self.process.stdout is not None
        watchdog = Timer(120, self.process.kill)
        watchdog.start()
        line = self.process.stdout.readline()
        watchdog.cancel()
        assert line, "the warm process has ended, or was silent for 120 s"
        answer = json.loads(line)
        assert isinstance(answer, dict)
        return answer


@contextmanager
def forge(installation: Installation) -> Iterator[Forge]:
    """A forge with the settings of an installation, for all installations on its engine."""
    with subprocess.Popen(
        [sys.executable, str(SCRIPTS / "forked_actions.py")],
        env=dict(installation.environment),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        bufsize=1,
    ) as process:
        yield Forge(process)
        assert process.stdin is not None
        process.stdin.close()
