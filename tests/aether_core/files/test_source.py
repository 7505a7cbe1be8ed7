"""No reader may be led to open anything but a plain local file."""

from pathlib import Path

import pytest

from aether_core.errors import InputError, NotFoundError
from aether_core.files.source import local_file
from tests.errors import fault

TIF = frozenset({".tif", ".csv"})


def test_a_plain_file_comes_back_absolute(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "a.TIF").write_bytes(b"II*\0")
    monkeypatch.chdir(tmp_path)
    assert local_file("a.TIF", suffixes=TIF) == (tmp_path / "a.TIF").resolve()
    assert local_file(Path("a.TIF"), suffixes=TIF).is_absolute()


@pytest.mark.parametrize(
    "given",
    [
        "https://example.org/a.tif",
        "http://127.0.0.1/a.tif",
        "s3://bucket/a.tif",
        "file:///etc/hosts.tif",
        "zip+https://example.org/a.zip!a.tif",
        Path("https://example.org/a.tif"),  # Path makes one slash of two
        "HTTPS:/example.org/a.tif",
    ],
)
def test_addresses_are_refused(given: str | Path) -> None:
    with pytest.raises(InputError, check=fault("address-not-opened", given)):
        local_file(given, suffixes=TIF)


@pytest.mark.parametrize(
    "given",
    [
        "/vsicurl/https:/example.org/a.tif",
        "/vsizip//tmp/a.zip/a.tif",
        "/VSIMEM/a.tif",
        "//vsimem/a.tif",
        "GTIFF_DIR:1:/vsicurl/example.org/a.tif",
    ],
)
def test_virtual_paths_are_refused(given: str) -> None:
    with pytest.raises(InputError, check=fault("virtual-path-not-opened", given)):
        local_file(given, suffixes=TIF)


VRT = "<VRTDataset rasterXSize='1' rasterYSize='1'/>"


def test_a_vrt_is_refused_by_its_ending(tmp_path: Path) -> None:
    path = tmp_path / "a.vrt"
    path.write_text(VRT)
    with pytest.raises(InputError, check=fault("vrt-not-opened", path)):
        local_file(path, suffixes=TIF | {".vrt"})


@pytest.mark.parametrize(
    "content",
    [
        VRT,
        "\n  <?xml version='1.0'?>\n" + VRT,
        "\ufeff<!-- a comment -->" + VRT.lower(),
        "<OGRVRTDataSource></OGRVRTDataSource>",
        "<GDAL_WMS></GDAL_WMS>",
    ],
)
@pytest.mark.parametrize("name", ["a.tif", "a.csv"])
def test_a_vrt_is_refused_by_its_content(tmp_path: Path, content: str, name: str) -> None:
    path = tmp_path / name
    path.write_text(content)
    with pytest.raises(InputError, check=fault("vrt-not-opened", path)):
        local_file(path, suffixes=TIF)


def test_a_link_to_a_vrt_is_refused(tmp_path: Path) -> None:
    (tmp_path / "real.vrt").write_text(VRT)
    (tmp_path / "a.tif").symlink_to(tmp_path / "real.vrt")
    with pytest.raises(InputError, check=fault("vrt-not-opened", "a.tif")):
        local_file(tmp_path / "a.tif", suffixes=TIF)


def test_missing_empty_folder_and_unknown_endings_each_say_so(tmp_path: Path) -> None:
    with pytest.raises(NotFoundError, check=fault("no-such-file", "none.tif")):
        local_file(tmp_path / "none.tif", suffixes=TIF)
    (tmp_path / "empty.tif").touch()
    with pytest.raises(InputError, check=fault("file-empty", "empty.tif")):
        local_file(tmp_path / "empty.tif", suffixes=TIF)
    (tmp_path / "folder.tif").mkdir()
    with pytest.raises(InputError, check=fault("not-a-plain-file", "folder.tif")):
        local_file(tmp_path / "folder.tif", suffixes=TIF)
    (tmp_path / "a.exe").write_bytes(b"MZ")
    with pytest.raises(InputError, check=fault("file-type-unknown", "a.exe", ".csv, .tif")):
        local_file(tmp_path / "a.exe", suffixes=TIF)


@pytest.mark.parametrize("given", ["", "   ", "a\0.tif", "x" * 5_000 + ".tif"])
def test_what_is_no_path_is_refused(given: str) -> None:
    with pytest.raises(InputError):
        local_file(given, suffixes=TIF)
