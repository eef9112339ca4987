"""Files examined in real worker processes: what pictures say, what hostile ones get, and that nothing is taken down."""

import asyncio
import csv
import os
import resource
import signal
import subprocess
import sys
import time
from base64 import b64decode
from collections.abc import AsyncIterator
from io import BytesIO
from pathlib import Path
from typing import Any
from zlib import crc32

import msgspec
import pytest
import pytest_asyncio
from PIL import Image, ImageOps

from evidence import heif
from evidence.content import ACCEPTED, WORKERS, Examiner
from evidence.frames import PICTURES
from evidence.model import Content
from foundation.clock import SystemClock
from foundation.media_type import HEAD_BYTES, KNOWN, UNKNOWN, XLSX, XML
from tests.evidence.real_data import REAL_DATA, files, needs_real_data
from tests.support import FixedClock

TAKEN = "2026:05:01 10:11:12"
MIB = 1024 * 1024


@pytest_asyncio.fixture(scope="module")
async def examiner() -> AsyncIterator[Examiner]:
    examiner = Examiner(SystemClock())
    yield examiner
    await examiner.close()


async def examined(examiner: Examiner, file: bytes) -> Content:
    """What the examiner says, checked to be storable: JSON without NUL, of at most 100 KiB."""
    content = await examiner.examine(file[:HEAD_BYTES], file, len(file))
    written = msgspec.json.encode(content.metadata)
    assert len(written) <= 100 * 1024
    assert b"\\u0000" not in written
    return content


def exif(orientation: int = 6) -> Image.Exif:
    tags = Image.Exif()
    tags[0x010F], tags[0x0112] = "HUAWEI", orientation
    tags.get_ifd(0x8769).update({0x9003: TAKEN, 0x9011: "+08:00"})
    return tags


def picture(form: str, size: tuple[int, int] = (40, 30), **options: Any) -> bytes:
    file = BytesIO()
    Image.new("RGB", size, "green").save(file, form, **options)
    return file.getvalue()


def segment(marker: int, body: bytes) -> bytes:
    return bytes([0xFF, marker]) + (len(body) + 2).to_bytes(2) + body


def chunk(kind: bytes, body: bytes = b"") -> bytes:
    return len(body).to_bytes(4) + kind + body + crc32(kind + body).to_bytes(4)


def pid_of(examiner: Examiner) -> int:
    """The process of the worker that will be asked next."""
    return examiner._idle[-1]._process.pid


def alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except FileNotFoundError:
        return False


async def test_a_kind_of_file_that_only_other_slices_take_is_unknown_as_evidence(examiner: Examiner) -> None:
    assert {XML, XLSX} == KNOWN - ACCEPTED
    assert (await examined(examiner, b'<?xml version="1.0"?><certificate/>')).media_type == UNKNOWN


@pytest.mark.parametrize(("form", "media_type"), [("JPEG", "image/jpeg"), ("PNG", "image/png"), ("WEBP", "image/webp")])
async def test_a_picture_tells_its_stored_size_and_what_its_exif_claims(
    examiner: Examiner, form: str, media_type: str
) -> None:
    content = await examined(examiner, picture(form, exif=exif()))
    assert (content.media_type, content.trouble) == (media_type, None)
    metadata = content.metadata
    assert [metadata[name] for name in ("format", "width", "height", "orientation")] == [form, 40, 30, 6]
    assert metadata["derived"]["captured_at"]["value"] == "2026-05-01T10:11:12+08:00"
    assert metadata["derived"]["make"] == "HUAWEI"
    assert b64decode(metadata["exif_raw"]) == exif().tobytes().removeprefix(b"Exif\0\0")


@pytest.mark.parametrize("form", ["JPEG", "PNG"])
async def test_a_picture_without_exif_has_nothing_derived(examiner: Examiner, form: str) -> None:
    metadata = (await examined(examiner, picture(form))).metadata
    assert metadata == {"format": form, "width": 40, "height": 30, "orientation": None}


async def test_exif_after_the_pixels_of_a_png_is_found(examiner: Examiner) -> None:
    file = picture("PNG")
    late = file[:-12] + chunk(b"eXIf", exif().tobytes().removeprefix(b"Exif\0\0")) + file[-12:]
    assert (await examined(examiner, late)).metadata["derived"]["make"] == "HUAWEI"


async def test_several_pictures_in_one_jpeg_are_read_by_their_first(examiner: Examiner) -> None:
    file = BytesIO()
    first, second = Image.new("RGB", (40, 30), "red"), Image.new("RGB", (20, 10), "blue")
    first.save(file, "MPO", save_all=True, append_images=[second], exif=exif())
    metadata = (await examined(examiner, file.getvalue())).metadata
    assert (metadata["width"], metadata["height"], metadata["derived"]["make"]) == (40, 30, "HUAWEI")


async def test_a_jpeg_that_ends_after_its_headers_is_read_and_told_incomplete(examiner: Examiner) -> None:
    file = picture("JPEG", exif=exif())
    content = await examined(examiner, file[: file.index(b"\xff\xda") + 20])
    assert (content.trouble, content.metadata["width"]) == ("PICTURE_INCOMPLETE", 40)


async def test_a_jpeg_with_a_disorderly_chain_is_left_to_the_worker(examiner: Examiner) -> None:
    file = picture("JPEG", exif=exif())
    assert (await examined(examiner, file[:2] + b"\xff\xff" + file[3:])).trouble is None
    long_chain = file[:2] + segment(0xFE, b"note") * 2000 + file[2:]
    assert (await examined(examiner, long_chain)).metadata["derived"]["make"] == "HUAWEI"


async def test_of_a_large_exif_block_64_kib_are_kept(examiner: Examiner) -> None:
    tags = exif()
    tags.get_ifd(0x8769)[0x9286] = bytes(range(256)) * 1024
    metadata = (await examined(examiner, picture("PNG", exif=tags))).metadata
    assert metadata["exif_bytes"] > 256 * 1024
    assert len(b64decode(metadata["exif_raw"])) == 64 * 1024
    assert metadata["derived"]["make"] == "HUAWEI"


async def test_broken_exif_does_not_spoil_a_picture(examiner: Examiner) -> None:
    content = await examined(examiner, picture("JPEG", exif=b"Exif\0\0II*\0\xff\xff\xff\xff"))
    assert content.trouble is None
    assert content.metadata["derived"]["captured_at"] is None


async def test_what_is_later_than_its_arrival_is_no_time_of_capture() -> None:
    clock = FixedClock()
    examiner = Examiner(clock)
    clock.instant = clock.instant.replace(year=2020)
    content = await examined(examiner, picture("JPEG", exif=exif()))
    await examiner.close()
    assert content.metadata["derived"]["captured_at"]["why"] == "future"


@pytest.mark.parametrize("head", [b"%PDF-1.7\n", b"", b"\xff", b"<html>", b"RIFF\x24\0\0\0WAVEfmt "])
async def test_what_is_no_picture_is_not_opened(head: bytes) -> None:
    examiner = Examiner(SystemClock())
    content = await examiner.examine(head, head, len(head))
    assert (content.trouble, content.metadata, examiner._idle) == (None, {}, [])
    assert content.media_type not in PICTURES


async def test_a_picture_too_large_to_be_opened_says_so() -> None:
    content = await Examiner(SystemClock()).examine(b"\xff\xd8\xff\xe1", None, 200 * MIB)
    assert content == Content("image/jpeg", metadata={"examined": False})


def png_of(width: int, height: int) -> bytes:
    header = width.to_bytes(4) + height.to_bytes(4) + bytes([8, 2, 0, 0, 0])
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", b"x") + chunk(b"IEND")


def jpeg_of(width: int, height: int) -> bytes:
    file = picture("JPEG")
    at = file.index(b"\xff\xc0") + 5
    return file[:at] + height.to_bytes(2) + width.to_bytes(2) + file[at + 4 :]


def webp_of(width: int, height: int) -> bytes:
    file = picture("WEBP")
    return file[:26] + width.to_bytes(2, "little") + height.to_bytes(2, "little") + file[30:]


def animated_webp_of(width: int, height: int) -> bytes:
    frames = [Image.new("RGB", (8, 8), "red"), Image.new("RGB", (8, 8), "blue")]
    file = BytesIO()
    frames[0].save(file, "WEBP", save_all=True, append_images=frames[1:])
    body = file.getvalue()
    return body[:24] + (width - 1).to_bytes(3, "little") + (height - 1).to_bytes(3, "little") + body[30:]


def lossless_webp_of(width: int, height: int) -> bytes:
    file = picture("WEBP", lossless=True)
    sizes = int.from_bytes(file[21:25], "little") & 0xF0000000 | (height - 1) << 14 | width - 1
    return file[:21] + sizes.to_bytes(4, "little") + file[25:]


WEBPS = (webp_of, animated_webp_of, lossless_webp_of)


@pytest.mark.parametrize("lie", [png_of(65500, 65500), jpeg_of(65500, 65500), *(lie(16000, 9000) for lie in WEBPS)])
async def test_a_header_that_claims_gigapixels_is_refused_without_reserving_them(
    examiner: Examiner, lie: bytes
) -> None:
    assert (await examined(examiner, lie)).trouble == "PICTURE_TOO_LARGE"


@pytest.mark.parametrize("format_name", ["JPEG", "PNG"])
async def test_a_picture_without_its_end_is_told_and_what_follows_the_end_is_not(
    examiner: Examiner, format_name: str
) -> None:
    whole = picture(format_name)
    assert (await examined(examiner, whole[:-9])).trouble == "PICTURE_INCOMPLETE"
    assert (await examined(examiner, whole + b"a film behind it")).trouble is None


async def test_the_largest_picture_allowed_fits_into_the_worker(examiner: Examiner) -> None:
    for side, makers in ((15811, (png_of, jpeg_of)), (9459, WEBPS)):
        for make in makers:
            content = await examined(examiner, make(side, side))
            assert (content.trouble, content.metadata["width"]) == (None, side)


async def test_64_mib_are_taken_in_without_growing_this_process() -> None:
    examiner = Examiner(SystemClock())
    padded = picture("PNG")[:-12] + chunk(b"prVt", bytes(64 * MIB - 1024)) + chunk(b"IEND")
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    content = await examined(examiner, padded)
    await examiner.close()
    assert content.trouble is None
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 20 * 1024  # KiB on Linux


@pytest.mark.parametrize(
    "broken",
    [
        b"\xff\xd8\xff",
        b"\xff\xd8\xff\xe0" * 500,
        b"\x89PNG\r\n\x1a\n",
        picture("PNG")[:20],
        picture("WEBP")[:20],
        b"\0\0\0\x18ftypheic\0\0\0\0mif1heic" + b"\xff" * 100,
        b"\0\0\0\x18ftypheic\0\0\0\0mif1heic\0\0\0\x0cmeta\0\0\0\0",
    ],
)
async def test_what_cannot_be_opened_is_unreadable(examiner: Examiner, broken: bytes) -> None:
    content = await examined(examiner, broken)
    assert (content.trouble, content.metadata) == ("PICTURE_UNREADABLE", {})


async def test_a_picture_that_costs_too_much_is_given_up_and_the_next_is_served(examiner: Examiner) -> None:
    endless = picture("PNG")[:33] + chunk(b"prVt") * (4 * MIB)
    assert (await examined(Examiner(SystemClock(), max_seconds=60), endless)).trouble == "PICTURE_TOO_COSTLY"
    assert (await examined(examiner, picture("JPEG"))).trouble is None


async def test_a_worker_that_hangs_is_given_up_and_the_next_picture_is_served() -> None:
    examiner = Examiner(SystemClock(), max_seconds=0.3)
    await examined(examiner, picture("JPEG"))
    stopped = pid_of(examiner)
    os.kill(stopped, signal.SIGSTOP)
    assert (await examined(examiner, picture("JPEG"))).trouble is None
    assert pid_of(examiner) != stopped
    assert not alive(stopped)
    await examiner.close()


async def test_a_worker_that_was_killed_is_replaced_and_the_picture_is_not_blamed() -> None:
    examiner = Examiner(SystemClock())
    await examined(examiner, picture("JPEG"))
    os.kill(pid_of(examiner), signal.SIGKILL)
    assert (await examined(examiner, picture("JPEG"))).trouble is None
    await examiner.close()


async def test_a_cancelled_request_leaves_no_half_answer_behind(examiner: Examiner) -> None:
    await examined(examiner, picture("JPEG"))
    asked = pid_of(examiner)
    large = picture("PNG")[:-12] + chunk(b"prVt", bytes(16 * MIB)) + chunk(b"IEND")
    task = asyncio.create_task(examined(examiner, large))
    await asyncio.sleep(0.002)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert not alive(asked)
    assert (await examined(examiner, picture("JPEG", (12, 34)))).metadata["height"] == 34


async def test_many_at_once_share_the_workers_and_get_their_own_answers(examiner: Examiner) -> None:
    sizes = [(width, 7) for width in range(1, 60)]
    found = await asyncio.gather(*(examined(examiner, picture("JPEG", size)) for size in sizes))
    assert [content.metadata["width"] for content in found] == [width for width, _ in sizes]
    assert len(examiner._idle) <= WORKERS


async def test_closing_ends_the_workers() -> None:
    examiner = Examiner(SystemClock())
    await asyncio.gather(*(examined(examiner, picture("JPEG")) for _ in range(4)))
    pids = [worker._process.pid for worker in examiner._idle]
    await examiner.close()
    assert pids
    assert not any(alive(pid) for pid in pids)


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
async def test_a_worker_knows_no_secret_and_can_open_nothing(
    examiner: Examiner, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PLUMBLINE_S3_SECRET_KEY", "hush")
    fresh = Examiner(SystemClock())
    await examined(fresh, picture("JPEG"))
    process = Path(f"/proc/{pid_of(fresh)}")
    limits = {line[:26].strip(): line[26:].split()[:2] for line in (process / "limits").read_text().splitlines()}
    assert b"hush" not in (process / "environ").read_bytes()
    assert limits["Max open files"] == limits["Max core file size"] == limits["Max file size"] == ["0", "0"]
    assert limits["Max address space"] == [str(1024 * MIB)] * 2
    await fresh.close()


PARENT = """
import asyncio, sys, time
from evidence.content import Examiner
from foundation.clock import SystemClock

async def main():
    examiner = Examiner(SystemClock())
    file = bytes.fromhex(sys.argv[1])
    await examiner.examine(file, file, len(file))
    assert not {"PIL", "pi_heif"} & set(sys.modules), "pictures are opened elsewhere"
    print(examiner._idle[0]._process.pid, flush=True)
    time.sleep(60)

asyncio.run(main())
"""


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
def test_a_worker_dies_with_its_parent_even_if_that_is_killed() -> None:
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
    command = [sys.executable, "-c", PARENT, picture("PNG").hex()]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment) as parent:
        assert parent.stdout is not None
        worker = int(parent.stdout.readline())
        assert alive(worker)
        parent.kill()
    deadline = time.monotonic() + 5
    while alive(worker) and time.monotonic() < deadline:
        time.sleep(0.02)
    assert not alive(worker)


@pytest.mark.parametrize("orientation", range(1, 9))
def test_turns_of_a_container_are_numbered_as_exif_does(orientation: int) -> None:
    """The oracle is Pillow: what `exif_transpose` does for a number is what the boxes do, one after the other."""
    turns = {
        1: [],
        2: [(b"imir", b"\1")],
        3: [(b"irot", b"\2")],
        4: [(b"imir", b"\0")],
        5: [(b"imir", b"\1"), (b"irot", b"\1")],
        6: [(b"irot", b"\3")],
        7: [(b"irot", b"\1"), (b"imir", b"\1")],
        8: [(b"irot", b"\1")],
    }[orientation]
    plain = Image.frombytes("L", (3, 2), b"abcdef")
    shown = plain
    for kind, body in turns:
        if kind == b"irot":
            shown = shown.rotate(90 * body[0], expand=True)
        else:
            shown = ImageOps.mirror(shown) if body[0] else ImageOps.flip(shown)
    tagged = plain.copy()
    tagged.getexif()[0x0112] = orientation
    assert ImageOps.exif_transpose(tagged).tobytes() == shown.tobytes()
    assert heif._orientation(turns) == orientation


@needs_real_data
async def test_real_photographs_say_what_exiftool_says(examiner: Examiner) -> None:
    with (REAL_DATA / "expected.csv").open(encoding="utf-8") as rows:
        expected = {row["file"]: row for row in csv.DictReader(rows)}
    for path in files("photos"):
        content = await examined(examiner, path.read_bytes())
        if content.media_type == UNKNOWN:
            assert path.suffix == ".avif"
            continue
        assert (path.name, content.trouble) == (path.name, None)
        assert (path.name, said(content.metadata)) == (path.name, told(expected[f"photos/{path.name}"]))


NO_FIX = {"value": None, "offset_known": False}
UNLIKE_EXIFTOOL = {
    # exiftool stops at the box of the motion picture; the EXIF item stands behind it
    "motionphoto_sample_mp.heic": {"taken": "2020:10:21 12:26:18"},
}
"""Where exiftool is wrong or says less."""


def said(metadata: dict[str, Any]) -> dict[str, Any]:
    """What was found, in exiftool's words."""
    derived = metadata.get("derived") or {"captured_at": None, "place": None, "make": None, "model": None}
    time, place = derived["captured_at"] or {}, derived["place"] or {}
    stated = time.get("source") == "DateTimeOriginal" and time.get("value")
    return {
        "size": (metadata["width"], metadata["height"]),
        "orientation": metadata.get("exif_orientation"),
        "make": derived["make"],
        "model": derived["model"],
        "taken": stated[:19].replace("-", ":").replace("T", " ") if stated else None,
        "offset": stated[-6:] if stated and time["offset_known"] else None,
        "place": (round(place["lat"], 6), round(place["lon"], 6)) if place.get("lat") is not None else None,
    }


def told(row: dict[str, str]) -> dict[str, Any]:
    """What exiftool says, less what cannot be: a blank or zero time, one after today, the point 0,0."""
    taken = row["DateTimeOriginal"] if row["DateTimeOriginal"][:4] not in ("", "0000", "    ", "2099") else None
    nowhere = row["lat_signed"] in ("", "0")
    return {
        "size": (int(row["width"]), int(row["height"])),
        "orientation": int(row["Orientation"]) if row["Orientation"] else None,
        "make": row["Make"] or None,
        "model": row["Model"] or None,
        "taken": taken,
        "offset": (row["OffsetTimeOriginal"] or None) if taken else None,
        "place": None if nowhere else (round(float(row["lat_signed"]), 6), round(float(row["lon_signed"]), 6)),
    } | UNLIKE_EXIFTOOL.get(Path(row["file"]).name, {})


@needs_real_data
async def test_heic_is_not_to_be_turned_twice(examiner: Examiner) -> None:
    """One turned by its container, one whose container says nothing: there EXIF's 6 must not be obeyed."""
    found = {}
    for name in ("iphone13promax_offset0100_orient6.heic", "samsung_s24fe_offset0200_orient6.heic"):
        metadata = (await examined(examiner, (REAL_DATA / "photos" / name).read_bytes())).metadata
        found[name.split("_")[0]] = [metadata[key] for key in ("width", "height", "orientation", "exif_orientation")]
    assert found == {"iphone13promax": [4032, 3024, 6, 6], "samsung": [4000, 1848, 1, 6]}


CLAIMS_OF_HOSTILE = {
    "crafted_dto_impossible.jpg": ("captured_at", "impossible"),
    "crafted_dto_offset_conflict.jpg": ("captured_at", "gps-contradicts"),
    "crafted_gps_lat_213.jpg": ("place", "impossible"),
    "crafted_gps_zero_denominator.jpg": ("place", "unreadable"),
}
TROUBLES_OF_HOSTILE = {
    "broken_stream.png": "PICTURE_INCOMPLETE",
    "crafted_trunc_half_upload.jpg": "PICTURE_INCOMPLETE",
    "trunc_jpeg.jpg": "PICTURE_INCOMPLETE",
    "trunc_pixel6_anji_ultrahdr.jpg": "PICTURE_INCOMPLETE",
    "trunc_png.png": "PICTURE_INCOMPLETE",
    "crafted_jpeg_sof_65500.jpg": "PICTURE_TOO_LARGE",
    "crafted_png_65500x65500_header.png": "PICTURE_TOO_LARGE",
    "crafted_png_bomb_30000x30000_1bit.png": "PICTURE_TOO_LARGE",
    "webp_16000x9000.webp": "PICTURE_TOO_LARGE",
    "heic_bad_atom.heif": "PICTURE_UNREADABLE",
    "heic_corrupted.heic": "PICTURE_UNREADABLE",
    "heic_neg_array.heif": "PICTURE_UNREADABLE",
    "png_height_15m.png": "PICTURE_UNREADABLE",
    "png_ztxt_dos.png": "PICTURE_UNREADABLE",
}


@needs_real_data
async def test_every_hostile_file_is_answered_and_nothing_is_taken_down(examiner: Examiner) -> None:
    await examined(examiner, picture("JPEG"))
    worker, before = pid_of(examiner), resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    troubles = {}
    for path in files("hostile"):
        content = await examined(examiner, path.read_bytes())
        if content.trouble:
            troubles[path.name] = content.trouble
        if path.name in CLAIMS_OF_HOSTILE:
            claim, why = CLAIMS_OF_HOSTILE[path.name]
            assert (path.name, content.metadata["derived"][claim]["why"]) == (path.name, why)
    assert troubles == TROUBLES_OF_HOSTILE
    assert pid_of(examiner) == worker
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 20 * 1024
