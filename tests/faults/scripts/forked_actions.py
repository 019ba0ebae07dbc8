"""Does what it is told, each in a process forked from this warm one, which may be killed without harm to the next.

Reads one JSON object a line: `action`, `database` (name or file), `data` (folder), `arguments`. Writes JSON lines: `pid`
once the child is about to begin, `result` or `refused` at its end, then `ended` with its exit code.
"""

import json
import os
import sys
import traceback
from pathlib import Path

import django

django.setup()

import actions
from django.conf import settings
from django.db import connection, connections

# The first read of a folder loads much that the children are to find loaded.
actions.warm_up()
connections.close_all()


def say(**values: object) -> None:
    os.write(1, json.dumps(values).encode() + b"\n")


def do(order: dict) -> int:
    connection.settings_dict["NAME"] = order["database"]
    settings.BUTTRESS_DATA = Path(order["data"])
    say(pid=os.getpid())
    try:
        say(result=getattr(actions, order["action"])(*order["arguments"]))
    except Exception as error:
        traceback.print_exc()
        say(refused=f"{type(error).__name__}: {error}")
        return 1
    connections.close_all()
    return 0


for line in sys.stdin:
    child = os.fork()
    if child == 0:
        os.setsid()
        status = 1
        try:
            status = do(json.loads(line))
        finally:
            sys.stderr.flush()
            os._exit(status)
    _, status = os.waitpid(child, 0)
    say(ended=os.waitstatus_to_exitcode(status))
