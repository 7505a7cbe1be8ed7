"""What a reader's process may reach: the file it reads, its own folder, its libraries, no network.

Two parts of Linux, by their system calls: Landlock (5.13 and newer) for files, a seccomp filter
for sockets and for what could reach into other processes. Both only ever take away, need no rights,
and hold until the process ends. Python has neither; of the packages that do, one is an alpha
version, the other needs a library of the system.
"""

import ctypes
import os
import platform
import struct
import sys
import sysconfig
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from functools import cache
from pathlib import Path
from typing import Final

_CREATE_RULESET, _ADD_RULE, _RESTRICT_SELF = 444, 445, 446  # the same on every processor
_ASK_VERSION: Final = 1
_BENEATH: Final = 1

_EXECUTE, _WRITE_FILE, _READ_FILE, _READ_DIR = 1, 2, 4, 8
_READ: Final = _READ_FILE | _READ_DIR
_RIGHTS: Final = {1: 13, 2: 14, 3: 15, 5: 16}
"""Rights over files by the first version of Landlock that knows them all, counted from bit 0."""
_TCP_SINCE, _SCOPES_SINCE = 4, 6
_TCP: Final = 0b11
_SCOPES: Final = 0b11
"""Sockets with a name of their own kind, and signals to other processes."""

_SET_NO_NEW_PRIVILEGES, _SET_SECCOMP, _FILTER = 38, 22, 2
_GIVE_EACCES, _GIVE_ALLOW = 0x00050000 | 13, 0x7FFF0000
_LOAD, _IF_EQUAL, _IF_AT_LEAST, _RETURN = 0x20, 0x15, 0x35, 0x06
_NUMBER_AT, _ARCHITECTURE_AT = 0, 4
_X32: Final = 0x40000000
"""System calls of x86-64's other way of calling begin here: they are refused, too."""
_REFUSED: Final = {
    # socket, connect, bind, listen, accept, ptrace, process_vm_readv and _writev, io_uring_setup
    # (which makes sockets by itself), pidfd_getfd (which takes those of others), accept4
    "x86_64": (0xC000003E, (41, 42, 49, 50, 43, 101, 310, 311, 425, 438, 288)),
    "aarch64": (0xC00000B7, (198, 203, 200, 201, 202, 117, 270, 271, 425, 438, 242)),
}
"""By processor: how the kernel calls it, and its numbers of what is refused."""

_libc: Final = ctypes.CDLL(None, use_errno=True)


@cache
def landlock_version() -> int:
    """Which version of Landlock this kernel has; 0 where there is none."""
    return max(int(_libc.syscall(_CREATE_RULESET, None, 0, _ASK_VERSION)), 0)


def lacking() -> list[str]:
    """What readers are not kept from on this machine: `files`, `network`, both or nothing."""
    return [
        *(["files"] if not landlock_version() else []),
        *(["network"] if platform.machine() not in _REFUSED or not _has_seccomp() else []),
    ]


def confine(files: Sequence[Path], writable: Path) -> None:
    """Give up the network, and every file but some; as far as the kernel has the means.

    Args:
        files: What is read: files, with those beside them that belong to them, or folders with all
            in them. Which names lie beside them can be seen. Libraries come on top.
        writable: The folder of this process's own.

    Raises:
        OSError: The kernel has the means and does not let them be used.
    """
    _checked(_libc.prctl(_SET_NO_NEW_PRIVILEGES, 1, 0, 0, 0))
    if landlock_version():
        own = [one for file in files for one in beside(file.absolute())]
        _confine_files([*own, *_libraries()], [one.absolute().parent for one in files], writable)
    if "network" not in lacking():
        _refuse_calls(*_REFUSED[platform.machine()])


def beside(path: Path) -> Iterator[Path]:
    """A file and those that belong to it by their names, such as the parts of a Shapefile."""
    yield path
    name = path.name.lower()
    begins = f"{name.partition('.')[0]}.", f"{name}-"
    with suppress(OSError):
        for other in path.parent.iterdir():
            # What a link leads to is allowed, not the link: it must have such a name as well.
            names = other.name.lower(), other.resolve().name.lower()
            if all(one.startswith(begins) for one in names):
                yield other


def _libraries() -> Iterator[Path]:
    """Where code, its data, and what the C library looks into lie."""
    own = Path(__file__).parents[1]
    paths = sysconfig.get_paths()
    yield from (
        own,
        *(Path(paths[name]) for name in ("stdlib", "platstdlib", "purelib", "platlib")),
    )
    for module in list(sys.modules.values()):  # a reader of another package, with that package
        file = getattr(module, "__file__", None)
        if file is not None and "." not in module.__name__ and hasattr(module, "__path__"):
            yield Path(file).parent
    yield from (Path(one) for one in sys.path if Path(one).name.endswith("-packages"))
    system = ("/usr", "/lib", "/lib64", "/etc/ld.so.cache", "/etc/localtime", "/etc/mime.types")
    devices = ("/dev/null", "/dev/urandom", "/proc/cpuinfo", "/proc/meminfo", "/proc/self/maps")
    yield from map(Path, (*system, *devices, "/sys/devices/system/cpu"))


def _confine_files(readable: Iterable[Path], listed: Iterable[Path], writable: Path) -> None:
    version = landlock_version()
    rights = (1 << max(bits for since, bits in _RIGHTS.items() if since <= version)) - 1
    tcp = _TCP if version >= _TCP_SINCE else 0
    scopes = _SCOPES if version >= _SCOPES_SINCE else 0
    attributes = struct.pack("=QQQ", rights, tcp, scopes)
    size = 24 if scopes else 16 if tcp else 8
    ruleset = _checked(_libc.syscall(_CREATE_RULESET, attributes, size, 0))
    try:
        for path in dict.fromkeys(readable):
            _allow(ruleset, path, _READ)
        for folder in dict.fromkeys(listed):
            _allow(ruleset, folder, _READ_DIR)
        _allow(ruleset, writable, rights & ~_EXECUTE)
        _allow(ruleset, Path(os.devnull), _READ_FILE | _WRITE_FILE)
        _checked(_libc.syscall(_RESTRICT_SELF, ruleset, 0))
    finally:
        os.close(ruleset)


def _allow(ruleset: int, path: Path, rights: int) -> None:
    """Allow something with a file, or beneath a folder; nothing where it is not there."""
    try:
        opened = os.open(path, os.O_PATH | os.O_CLOEXEC)
    except OSError:
        return
    try:
        if not path.is_dir():
            rights &= _READ_FILE | _WRITE_FILE
        rule = struct.pack("=Qi", rights, opened)
        _checked(_libc.syscall(_ADD_RULE, ruleset, _BENEATH, rule, 0))
    finally:
        os.close(opened)


class _Program(ctypes.Structure):
    """A filter, as the kernel takes it."""

    _fields_ = (("length", ctypes.c_ushort), ("steps", ctypes.c_void_p))


def _refuse_calls(architecture: int, numbers: tuple[int, ...]) -> None:
    """Have the kernel answer some system calls with EACCES, and all of another way of calling."""
    steps = [
        (_LOAD, 0, 0, _ARCHITECTURE_AT),
        (_IF_EQUAL, 1, 0, architecture),
        (_RETURN, 0, 0, _GIVE_EACCES),
        (_LOAD, 0, 0, _NUMBER_AT),
        (_IF_AT_LEAST, len(numbers) + 1, 0, _X32),
        *((_IF_EQUAL, len(numbers) - at, 0, number) for at, number in enumerate(numbers)),
        (_RETURN, 0, 0, _GIVE_ALLOW),
        (_RETURN, 0, 0, _GIVE_EACCES),
    ]
    code = ctypes.create_string_buffer(b"".join(struct.pack("=HBBI", *step) for step in steps))
    program = _Program(len(steps), ctypes.addressof(code))
    _checked(_libc.prctl(_SET_SECCOMP, _FILTER, ctypes.byref(program), 0, 0))


@cache
def _has_seccomp() -> bool:
    """Whether the kernel takes filters: one at no address is refused for that alone."""
    _libc.prctl(_SET_SECCOMP, _FILTER, None, 0, 0)
    return ctypes.get_errno() == 14  # EFAULT


def _checked(outcome: int) -> int:
    if outcome < 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))
    return outcome
