"""Keeps a forked child from using the pooled PostgreSQL connections of its parent."""

import os
import sys
from functools import cache

_ABANDONED: list[object] = []


@cache
def forget_pools_in_children() -> None:
    """From now on every forked child starts with empty pools.

    Workers of the job queue are forked. A pool they inherited would hand out the parent's open sockets, on which two
    processes then speak at once, and none of its threads lives on to replace them.
    """
    os.register_at_fork(after_in_child=_forget)


def _forget() -> None:
    backend = sys.modules.get("django.db.backends.postgresql.base")
    if backend is not None:
        pools = backend.DatabaseWrapper._connection_pools
        # Kept from the garbage collector, which would close the parent's connections by closing the pool.
        _ABANDONED.extend(pools.values())
        pools.clear()
