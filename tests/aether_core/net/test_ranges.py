"""Parts of files from a server that misbehaves."""

import itertools
import json
import threading
from collections.abc import Callable
from dataclasses import replace

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from aether_core.errors import AetherError, CancelledError
from aether_core.net import (
    ChangedError,
    RangeFile,
    RemoteError,
    RemoteMissingError,
    RequestPolicy,
    Web,
)
from tests.aether_core.net.conftest import DATA, QUICK, MakeWeb
from tests.errors import fault
from tests.public_server.server import Fault, PublicServer


def stops_after(calls: int) -> Callable[[], None]:
    left = itertools.count(calls, -1)

    def check_cancelled() -> None:
        if next(left) <= 0:
            raise CancelledError("stopped")

    return check_cancelled


def test_a_part_is_exactly_what_was_asked(web: Web, server: PublicServer) -> None:
    file = web.look(f"{server.url}/x.tiff")
    assert file.size == len(DATA)
    assert web.read_range(file, 1_000, 5_000) == DATA[1_000:6_000]
    assert web.read_range(file, len(DATA) - 1, 1) == DATA[-1:]
    assert web.read_range(file, 7, 0) == b""
    assert web.received == 5_001
    with pytest.raises(ValueError, match="of 600000"):
        web.read_range(file, len(DATA) - 1, 2)


def test_a_cut_transfer_goes_on_where_it_broke(web: Web, server: PublicServer) -> None:
    file = web.look(f"{server.url}/x.tiff")
    # Five cuts with three attempts: each brings enough not to count.
    server.misbehave("x.tiff", Fault("cut", after=100_000), times=5)
    assert web.read_range(file, 0, len(DATA)) == DATA
    assert server.bytes_of("/x.tiff") == [
        (start, start + 100_000) for start in range(0, 600_000, 100_000)
    ]
    assert web.received == len(DATA)


def test_a_long_part_comes_in_answers_that_no_proxy_cuts(web: Web, server: PublicServer) -> None:
    long = DATA * 8
    (server.folder / "long.bin").write_bytes(long)
    file = web.look(f"{server.url}/long.bin")
    server.log.clear()
    server.misbehave("long.bin", Fault("cut", after=2_300_000), times=-1)
    assert web.read_range(file, 100, len(long) - 200) == long[100:-100]
    assert [one.range for one in server.log] == [
        (100, 2_000_099),
        (2_000_100, 4_000_099),
        (4_000_100, len(long) - 101),
    ]


def test_cuts_that_bring_nothing_are_given_up(web: Web, server: PublicServer) -> None:
    file = web.look(f"{server.url}/x.tiff")
    server.misbehave("x.tiff", Fault("cut", after=0), times=-1)
    with pytest.raises(RemoteError, check=fault("remote-breaks-off", "x.tiff")):
        web.read_range(file, 0, 1_000)
    assert len(server.log) == 1 + 3


@pytest.mark.parametrize(
    "fault",
    [
        Fault("status", code=503),
        Fault("status", code=429, retry_after="0.05"),
        Fault("status", code=500),
        Fault("hang_up"),
        Fault("slow", rate=1_000_000),
        Fault("wrong_length", extra=100),
        Fault("wrong_length", extra=-100),
        Fault("other_range"),
        Fault("stall", after=1_000),
    ],
    ids=lambda fault: f"{fault.kind}-{fault.code}-{fault.extra}",
)
def test_what_passes_is_asked_again(server: PublicServer, make_web: MakeWeb, fault: Fault) -> None:
    patience = replace(QUICK, silence_s=0.6) if fault.kind == "stall" else QUICK
    file = make_web(server.url).look(f"{server.url}/x.tiff")
    web = make_web(server.url, policy=patience)
    server.misbehave("x.tiff", fault)
    assert web.read_range(file, 100, 200_000) == DATA[100:200_100]
    assert server.log[1].fault == fault.kind


@pytest.mark.parametrize(
    ("misdeed", "error", "code", "facts"),
    [
        (Fault("status", code=503), RemoteError, "remote-busy-or-broken", [503]),
        (Fault("status", code=403), RemoteError, "remote-refuses-access", [403]),
        (Fault("status", code=418), RemoteError, "remote-wrong-status", [418]),
        (
            Fault("status", code=429, retry_after="86400"),
            RemoteError,
            "remote-asks-to-wait",
            ["86,400", 429],
        ),
        (Fault("status", code=404), RemoteMissingError, "remote-missing", []),
        (Fault("missing"), RemoteMissingError, "remote-missing", []),
        (Fault("web_page"), RemoteMissingError, "remote-web-page", []),
        (Fault("whole"), RemoteError, "remote-without-ranges", []),
        (Fault("changed"), ChangedError, "remote-changed", []),
        (Fault("status", code=416), ChangedError, "remote-changed", []),
        (Fault("compressed"), RemoteError, "remote-answer-encoded", ["gzip"]),
        (Fault("other_range"), RemoteError, "remote-wrong-bytes", []),
        (Fault("wrong_length", extra=9), RemoteError, "remote-wrong-length", []),
        (Fault("hang_up"), RemoteError, "remote-breaks-off", []),
        (Fault("stall"), RemoteError, "remote-answer-too-late", []),
    ],
    ids=lambda value: f"{value.kind}-{value.code}" if isinstance(value, Fault) else "",
)
def test_what_does_not_pass_is_named(
    server: PublicServer,
    make_web: MakeWeb,
    misdeed: Fault,
    error: type[AetherError],
    code: str,
    facts: list[object],
) -> None:
    patience = replace(QUICK, silence_s=0.2) if misdeed.kind == "stall" else QUICK
    file = make_web(server.url).look(f"{server.url}/x.tiff?key=secret")
    web = make_web(server.url, policy=patience)
    server.misbehave("x.tiff", misdeed, times=-1)
    with pytest.raises(error, check=fault(code, "x.tiff", *facts)) as raised:
        web.read_range(file, 100, 1_000)
    assert "secret" not in str(raised.value)
    said_once = {"missing", "web_page", "whole", "changed", "compressed"}
    once = misdeed.kind in said_once or misdeed.code in {403, 404, 416, 418}
    assert len(server.log) == 1 + (1 if once or misdeed.retry_after else 3)


def test_a_file_that_shrank_is_named(web: Web, server: PublicServer) -> None:
    file = web.look(f"{server.url}/x.tiff")
    with pytest.raises(ChangedError, check=fault("remote-changed", "x.tiff")):
        web.read_range(replace(file, size=file.size + 1), 0, 10)
    (server.folder / "x.tiff").write_bytes(DATA[:500])
    with pytest.raises(ChangedError, check=fault("remote-changed", "x.tiff")):
        web.read_range(replace(file, etag=""), 1_000, 10)


@pytest.mark.parametrize("kind", ["stall", "slow", "status"])
def test_the_user_stops_a_transfer(server: PublicServer, make_web: MakeWeb, kind: str) -> None:
    patience = RequestPolicy(attempts=2, first_s=30.0, longest_s=60.0, silence_s=30.0)
    web = make_web(server.url, policy=patience)
    file = web.look(f"{server.url}/x.tiff")
    server.misbehave("x.tiff", Fault(kind, rate=2_000, retry_after="50"), times=-1)  # type: ignore[arg-type]
    with pytest.raises(CancelledError, check=fault("cancelled")):
        web.read_range(file, 0, len(DATA), check_cancelled=stops_after(3))


def test_a_lost_network_that_comes_back_costs_nothing(
    web: Web, server: PublicServer, make_web: MakeWeb
) -> None:
    web = make_web(server.url, policy=replace(QUICK, attempts=50, longest_s=0.1))
    file = web.look(f"{server.url}/x.tiff")
    server.misbehave("x.tiff", Fault("slow", rate=2_000_000))
    port = int(server.url.rpartition(":")[2])
    back: list[PublicServer] = []

    def cut() -> None:
        server.stop()
        back.append(PublicServer(server.folder, port=port).__enter__())

    cutter = threading.Timer(0.12, cut)
    cutter.start()
    try:
        assert web.read_range(file, 0, len(DATA)) == DATA
    finally:
        cutter.join()
        back[0].stop()
    assert web.received == len(DATA)
    assert back[0].log, "the network was never cut"


def test_no_more_answers_are_open_than_allowed(server: PublicServer, make_web: MakeWeb) -> None:
    web = make_web(server.url, connections=2)
    file = web.look(f"{server.url}/x.tiff")
    server.misbehave("x.tiff", Fault("slow", rate=400_000), times=-1)
    got: dict[int, bytes] = {}

    def read(at: int) -> None:
        got[at] = web.read_range(file, at * 20_000, 20_000)

    threads = [threading.Thread(target=read, args=(at,)) for at in range(6)]
    for thread in threads:
        thread.start()
    most = 0
    while any(thread.is_alive() for thread in threads):
        most = max(most, server.connections)
    assert got == {at: DATA[at * 20_000 : (at + 1) * 20_000] for at in range(6)}
    assert most == 2


def test_range_file_reads_like_a_file(web: Web, server: PublicServer) -> None:
    file = RangeFile(web, web.look(f"{server.url}/x.tiff"), block=1_000, keep=10)
    assert file.seek(-100, 2) == len(DATA) - 100
    assert file.read() == DATA[-100:]
    assert file.read(10) == b""
    file.seek(2_500)
    assert (file.read(600), file.tell()) == (DATA[2_500:3_100], 3_100)
    assert file.read_at(0, 50_000) == DATA[:50_000]
    with pytest.raises(ValueError, match="before the beginning"):
        file.seek(-1)


def test_range_file_asks_once_for_a_block_and_together_for_neighbours(
    web: Web, server: PublicServer
) -> None:
    file = RangeFile(web, web.look(f"{server.url}/x.tiff"), block=1_000, keep=10)
    file.read_at(3_100, 10)
    file.read_at(3_900, 50)
    file.read_at(1_500, 4_000)
    assert server.bytes_of("/x.tiff") == [(3_000, 4_000), (1_000, 3_000), (4_000, 6_000)]
    file.read_at(20_000, 9_500)  # ten more: the first ones go
    file.read_at(3_100, 10)
    assert server.bytes_of("/x.tiff")[3:] == [(20_000, 30_000), (3_000, 4_000)]


def test_range_file_serves_parquet(web: Web, server: PublicServer) -> None:
    table = pa.table({"a": list(range(50_000)), "b": [json.dumps(i) for i in range(50_000)]})
    pq.write_table(table, server.folder / "t.parquet", row_group_size=10_000, compression="none")
    remote = web.look(f"{server.url}/t.parquet")
    parquet = pq.ParquetFile(RangeFile(web, remote))
    assert parquet.read_row_group(2, columns=["a"]).column("a").to_pylist() == list(
        range(20_000, 30_000)
    )
    assert web.received < remote.size / 2
