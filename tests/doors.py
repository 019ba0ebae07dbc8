"""Every service and selector of the product, found in the modules where they live."""

import importlib
import inspect
import pkgutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache
from typing import Any

from django.db import transaction

import buttress
from buttress.orgs.roles import Operation
from buttress.orgs.writing import Actor

_ROOMS = ("orgs", "inventory", "criteria", "controls", "risks", "evidence", "register")


def _modules(package: str) -> Iterator[Any]:
    root = importlib.import_module(package)
    for found in pkgutil.iter_modules(root.__path__, f"{package}."):
        if ".tests" in found.name or ".migrations" in found.name:
            continue
        yield importlib.import_module(found.name)
        if found.ispkg:
            yield from _modules(found.name)


def _functions() -> Iterator[tuple[str, Callable[..., Any]]]:
    """Public functions of every room, by dotted name below the product's."""
    for room in _ROOMS:
        for module in _modules(f"{buttress.__name__}.{room}"):
            for name, value in vars(module).items():
                if inspect.isfunction(value) and value.__module__ == module.__name__ and not name.startswith("_"):
                    yield f"{module.__name__}.{name}".removeprefix(f"{buttress.__name__}."), value


@cache
def doors() -> dict[str, Callable[..., Any]]:
    """Dotted name to every function that a decorator has tied to an operation: services, selectors, and what is made of
    them."""
    found = {name: value for name, value in _functions() if isinstance(getattr(value, "operation", None), Operation)}
    return dict(sorted(found.items()))


def unguarded() -> set[str]:
    """Functions to which somebody gives an actor, and that no operation is tied to."""
    return {
        name
        for name, value in _functions()
        if not hasattr(value, "operation")
        and any(each.annotation in (Actor, Actor.__name__) for each in inspect.signature(value).parameters.values())
    }


@contextmanager
def undone() -> Iterator[None]:
    """What is written within it is as if it had never been; services open transactions of their own within."""
    point = transaction.savepoint()
    try:
        yield
    finally:
        transaction.savepoint_rollback(point)
