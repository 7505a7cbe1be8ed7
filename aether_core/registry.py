"""What differs by kind: one object a kind, registered by the file that defines it."""

import importlib
import pkgutil
from collections.abc import Iterator, MutableMapping
from threading import RLock
from typing import TypeVar

T = TypeVar("T")


class Registry(MutableMapping[str, T]):
    """Objects by the name of their kind, from every module of one package.

    A module registers its object when it is loaded, `REGISTRY[NAME] = OBJECT`; the first look into
    the registry loads them all. So a new kind is a new file, and no table names it.
    """

    def __init__(self, package: str) -> None:
        """Nothing is loaded yet, so that the package's modules can import the registry.

        Args:
            package: Name of the package whose modules register themselves.
        """
        self._package = package
        self._entries: dict[str, T] = {}
        self._loaded = False
        self._loading = RLock()

    def __getitem__(self, name: str) -> T:
        self._load()
        return self._entries[name]

    def __setitem__(self, name: str, entry: T) -> None:
        self._entries[name] = entry

    def __delitem__(self, name: str) -> None:
        del self._entries[name]

    def __iter__(self) -> Iterator[str]:
        self._load()
        return iter(self._entries)

    def __len__(self) -> int:
        self._load()
        return len(self._entries)

    def _load(self) -> None:
        if self._loaded:
            return
        package = importlib.import_module(self._package)
        with self._loading:
            for module in sorted(found.name for found in pkgutil.iter_modules(package.__path__)):
                importlib.import_module(f"{self._package}.{module}")
            self._loaded = True
