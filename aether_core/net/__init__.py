"""Asking public servers with manners and within bounds."""

from aether_core.net.courtesy import Courtesy, Waiting, patient
from aether_core.net.errors import ChangedError, OfflineError, RemoteError, RemoteMissingError
from aether_core.net.files import RangeFile, RemoteFile
from aether_core.net.web import Answer, Web

__all__ = [
    "Answer",
    "ChangedError",
    "Courtesy",
    "OfflineError",
    "RangeFile",
    "RemoteError",
    "RemoteFile",
    "RemoteMissingError",
    "Waiting",
    "Web",
    "patient",
]
