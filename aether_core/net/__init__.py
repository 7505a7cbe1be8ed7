"""Asking public servers with manners and within bounds."""

from aether_core.net.errors import (
    ChangedError,
    OfflineError,
    RemoteError,
    RemoteMissingError,
    RemotePageError,
)
from aether_core.net.files import RangeFile, RemoteFile
from aether_core.net.request_policy import CancelCheck, RequestPolicy, never_cancelled
from aether_core.net.web import LONGEST_RANGE, Answer, Web

__all__ = [
    "LONGEST_RANGE",
    "Answer",
    "CancelCheck",
    "ChangedError",
    "OfflineError",
    "RangeFile",
    "RemoteError",
    "RemoteFile",
    "RemoteMissingError",
    "RemotePageError",
    "RequestPolicy",
    "Web",
    "never_cancelled",
]
