"""Landlock: the kernel's own fence around a process that runs foreign SQL. Standard library only.

The calling thread and what it starts later may afterwards open nothing but the files granted here. It must be applied
before the engine starts its own threads: threads that exist already stay free. Source: Linux
`Documentation/userspace-api/landlock.rst` and `include/uapi/linux/landlock.h`.
"""

import ctypes
import os
import sys
from collections.abc import Iterable
from pathlib import Path

_CREATE_RULESET, _ADD_RULE, _RESTRICT_SELF = 444, 445, 446
_VERSION_FLAG = 1
_RULE_PATH_BENEATH = 1
_PR_SET_PDEATHSIG, _PR_SET_NO_NEW_PRIVS = 1, 38
_READ_FILE, _READ_DIR = 1 << 2, 1 << 3
_WRITE_IN = (1 << 1) | _READ_FILE | _READ_DIR | (1 << 4) | (1 << 5) | (1 << 7) | (1 << 8) | (1 << 14)
"""Write, remove and make files and folders, and TRUNCATE (from ABI 3)."""

_FILE_RIGHTS_BY_ABI = ((1, (1 << 13) - 1), (2, 1 << 13), (3, 1 << 14), (5, 1 << 15))
"""The 13 first rights; from ABI 2 also REFER, from 3 TRUNCATE, from 5 IOCTL_DEV."""
_NETWORK_RIGHTS = (1 << 0) | (1 << 1)
"""From ABI 4: TCP bind and connect."""
_SCOPES = (1 << 0) | (1 << 1)
"""From ABI 6: abstract sockets and signals outside of the fence."""

ENGINE_PATHS = ("/proc/self/cgroup", "/proc/stat", "/sys/devices/system/cpu", "/sys/fs/cgroup")
"""What DuckDB 2.0 reads at connect; without them it aborts."""


class _RulesetAttributes(ctypes.Structure):
    _fields_ = (
        ("handled_access_fs", ctypes.c_uint64),
        ("handled_access_net", ctypes.c_uint64),
        ("scoped", ctypes.c_uint64),
    )


class _PathBeneath(ctypes.Structure):
    _pack_ = 1
    _fields_ = (("allowed_access", ctypes.c_uint64), ("parent_fd", ctypes.c_int32))


def _libc() -> ctypes.CDLL:
    return ctypes.CDLL(None, use_errno=True)


def landlock_abi() -> int:
    """Version of the kernel's Landlock interface, 0 where there is none."""
    if not sys.platform.startswith("linux"):
        return 0
    version = _libc().syscall(_CREATE_RULESET, None, ctypes.c_size_t(0), ctypes.c_uint32(_VERSION_FLAG))
    return max(0, int(version))


def die_with_parent() -> None:
    """Ask the kernel to kill this process when the thread that started it ends. Linux only, else nothing."""
    if sys.platform.startswith("linux"):
        _libc().prctl(_PR_SET_PDEATHSIG, 9, 0, 0, 0)


def restrict_to(paths: Iterable[str | Path], writable: Iterable[str | Path] = ()) -> int:
    """Let this thread read only `paths` from now on, and neither write files nor use TCP; the ABI in force.

    In the folders `writable` it may also write, make and remove files.

    Returns 0, and restricts nothing, where the kernel has no Landlock; the caller must decide what that means. Paths
    that do not exist are left out. Raises OSError where the kernel has Landlock and refuses.
    """
    abi = landlock_abi()
    if abi == 0:
        return 0
    libc = _libc()
    rights = sum(right for since, right in _FILE_RIGHTS_BY_ABI if abi >= since)
    attributes = _RulesetAttributes(rights, _NETWORK_RIGHTS if abi >= 4 else 0, _SCOPES if abi >= 6 else 0)
    size = 24 if abi >= 6 else 16 if abi >= 4 else 8
    ruleset = _called(
        libc.syscall(_CREATE_RULESET, ctypes.byref(attributes), ctypes.c_size_t(size), ctypes.c_uint32(0))
    )
    for path in paths:
        _grant(libc, ruleset, Path(path), _READ_FILE | _READ_DIR)
    for path in writable:
        _grant(libc, ruleset, Path(path), _WRITE_IN & rights)
    _called(libc.prctl(_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0))
    _called(libc.syscall(_RESTRICT_SELF, ruleset, ctypes.c_uint32(0)))
    os.close(ruleset)
    return abi


def _grant(libc: ctypes.CDLL, ruleset: int, path: Path, rights: int) -> None:
    try:
        descriptor = os.open(path, os.O_PATH | os.O_CLOEXEC)
    except FileNotFoundError:
        return
    rule = _PathBeneath(rights if path.is_dir() else _READ_FILE, descriptor)
    _called(libc.syscall(_ADD_RULE, ruleset, _RULE_PATH_BENEATH, ctypes.byref(rule), ctypes.c_uint32(0)))
    os.close(descriptor)


def _called(result: int) -> int:
    if result < 0:
        error = ctypes.get_errno()
        raise OSError(error, f"Landlock refused: {os.strerror(error)}")
    return result
