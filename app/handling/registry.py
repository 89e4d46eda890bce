"""Finds the handlers: one file an operation, no list to edit."""

from __future__ import annotations

import importlib.util
import inspect
from collections.abc import Mapping
from pathlib import Path

from app.handling.contract import Operation, operation_of


class Registry:
    """The operations that diagrams may name."""

    def __init__(self, operations: Mapping[str, Operation]) -> None:
        self._operations = dict(operations)

    @classmethod
    def discover(cls, folder: Path) -> Registry:
        """Load every `<operation>.py` of `folder`; raises ValueError for a file without a handler."""
        operations: dict[str, Operation] = {}
        for path in sorted(folder.glob("[a-z]*.py")):
            spec = importlib.util.spec_from_file_location(f"handlers.{path.stem}", path)
            if spec is None or spec.loader is None:
                raise ValueError(f"{path}: cannot be loaded")
            module = importlib.util.module_from_spec(spec)
            spec.loader.exec_module(module)
            functions = inspect.getmembers(module, inspect.isfunction)
            found = [function for _, function in functions if hasattr(function, "__operation__")]
            if len(found) != 1:
                raise ValueError(f"{path}: one function decorated with @local, @effect or @call is expected")
            operations[path.stem] = operation_of(path.stem, found[0])
        return cls(operations)

    def get(self, name: str) -> Operation | None:
        """Return the operation, or None."""
        return self._operations.get(name)

    def all(self) -> Mapping[str, Operation]:
        """Return every operation by name."""
        return dict(self._operations)
