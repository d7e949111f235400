"""Marks in PNG, JPEG and WebP: written without touching the pixels, and read back from anybody's file."""

import io
import json
import shutil
import struct
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from shared.imaging.jpeg_segments import iterate_jpeg_segments, read_jpeg_xmp
from shared.imaging.marks import embed_marks, has_content_credentials, read_marks
from shared.imaging.webp_chunks import iterate_webp_chunks
from shared.imaging.xmp import MAX_PACKET_BYTES, Marks, SourceType, build_xmp, parse_xmp
from tests.support.images import encode_image, make_noise_image, make_png_chunk

MARKS = Marks(
    source_type=SourceType.FROM_PICTURE,
    creator_tool="Pentimento",
    model="SDXL 1.0",
    parameters='a <b> & "c"\nSteps: 3',
    settings=json.dumps({"job": "1", "request": {"text": "château \ud83c\udf0a\u0007"}}),
)
SIZE = (33, 21)
NOISE = make_noise_image(SIZE)
SHEER = NOISE.convert("RGBA")
SHEER.putalpha(Image.linear_gradient("L").resize(SIZE))
EXIF = Image.Exif()
EXIF[0x010E] = "a description"
FILES: dict[str, Callable[[], bytes]] = {
    "PNG": lambda: encode_image(SHEER, "PNG"),
    "JPEG": lambda: encode_image(NOISE, "JPEG"),
    "JPEG with Exif, comment and other XMP": lambda: encode_image(
        NOISE, "JPEG", exif=EXIF, comment=b"words", xmp=b"<x/>", dpi=(72, 72), progressive=True
    ),
    "JPEG of Exif alone": lambda: remove_jfif(encode_image(NOISE, "JPEG", exif=EXIF)),
    "WebP, lossy": lambda: encode_image(NOISE, "WEBP"),
    "WebP, lossy with transparency": lambda: encode_image(SHEER, "WEBP"),
    "WebP, lossless": lambda: encode_image(NOISE, "WEBP", lossless=True),
    "WebP, lossless with transparency": lambda: encode_image(SHEER, "WEBP", lossless=True),
    "WebP with a profile, Exif and other XMP": lambda: encode_image(
        NOISE, "WEBP", exif=EXIF, xmp=b"<x/>", icc_profile=b"odd"
    ),
    "WebP, animated": lambda: encode_image(NOISE, "WEBP", save_all=True, append_images=[SHEER.convert("RGB")]),
}


def remove_jfif(jpeg: bytes) -> bytes:
    return jpeg[:2] + jpeg[4 + int.from_bytes(jpeg[4:6]) :] if jpeg[3] == 0xE0 else jpeg


def decode(data: bytes) -> tuple[str, Any, bytes]:
    with Image.open(io.BytesIO(data)) as image:
        image.load()
        return image.mode, image.size, image.tobytes()


def list_parts(data: bytes) -> list[bytes]:
    """List the segments or chunks that are neither XMP nor the header that counts them."""
    if data.startswith(b"\xff\xd8"):
        return [bytes(s.data) for s in iterate_jpeg_segments(data) if not s.is_xmp]
    return [bytes(c.raw) for c in iterate_webp_chunks(data) if c.kind not in (b"XMP ", b"VP8X")]


@pytest.mark.parametrize("name", FILES)
def test_marks_are_read_back_from_every_format_and_no_pixel_changes(name: str) -> None:
    data = FILES[name]()
    assert read_marks(data) == Marks()

    marked = embed_marks(data, MARKS)

    assert decode(marked) == decode(data)
    found = read_marks(marked)
    assert json.loads(found.settings) == json.loads(MARKS.settings)
    assert (found.source_type, found.creator_tool, found.model, found.parameters) == (
        MARKS.source_type,
        MARKS.creator_tool,
        MARKS.model,
        MARKS.parameters,
    )
    if name != "PNG":
        assert list_parts(marked) == list_parts(data)
    again = embed_marks(marked, Marks(source_type=SourceType.FROM_WORDS))
    assert read_marks(again) == Marks(source_type=SourceType.FROM_WORDS), "the marks are replaced, not added"
    assert embed_marks(again, MARKS) == marked


@pytest.mark.parametrize("name", FILES)
def test_pillow_reads_the_same_marks(name: str) -> None:
    """Pillow parses XMP by itself, with defusedxml."""
    with Image.open(io.BytesIO(embed_marks(FILES[name](), MARKS))) as image:
        found = image.getxmp()["xmpmeta"]["RDF"]["Description"]
    assert found["DigitalSourceType"] == MARKS.source_type
    assert (found["CreatorTool"], found["parameters"]) == (MARKS.creator_tool, MARKS.parameters)


texts = st.text(max_size=400)


@settings(deadline=None)
@given(st.sampled_from(sorted(FILES)), texts, texts)
def test_any_words_are_read_back_with_a_question_mark_for_those_that_xml_cannot_hold(
    name: str, prompt: str, model: str
) -> None:
    words = prompt.strip()
    marks = Marks(model=model, parameters=words, settings=json.dumps({"prompt": prompt}))
    marked = embed_marks(FILES[name](), marks)
    found = read_marks(marked)
    assert json.loads(found.settings)["prompt"] == prompt
    assert len(found.parameters) == (len(words) if words else 0)
    assert all(got in (meant, "?") for got, meant in zip(found.parameters, words, strict=True))
    assert decode(marked) == decode(FILES[name]())


@settings(deadline=None)
@given(st.sampled_from(sorted(FILES)), st.integers(0, 300), st.binary(min_size=1, max_size=3))
def test_a_damaged_file_is_marked_or_refused_with_words_and_read_without_an_error(
    name: str, offset: int, change: bytes
) -> None:
    data = FILES[name]()
    offset = min(offset, len(data) - 1)
    for damaged in (data[:offset], data[:offset] + change + data[offset + len(change) :]):
        read_marks(damaged)
        has_content_credentials(damaged)
        try:
            embed_marks(damaged, MARKS)
        except ValueError as error:
            assert str(error).startswith("this ")


def test_a_jpeg_goes_without_the_settings_that_it_cannot_hold_and_keeps_the_mark() -> None:
    jpeg = FILES["JPEG"]()
    long = Marks(source_type=SourceType.FROM_WORDS, parameters="p" * 40_000, settings=json.dumps("s" * 40_000))
    assert read_marks(embed_marks(jpeg, long)) == Marks(source_type=long.source_type, settings=long.settings)
    longer = Marks(source_type=SourceType.FROM_WORDS, settings=json.dumps("s" * 70_000))
    assert read_marks(embed_marks(jpeg, longer)) == Marks(source_type=SourceType.FROM_WORDS)
    assert read_marks(embed_marks(FILES["WebP, lossy"](), longer)) == longer


def test_a_picture_of_another_type_is_returned_as_it_is() -> None:
    gif = encode_image(NOISE.convert("P"), "GIF")
    assert embed_marks(gif, MARKS) is gif
    assert read_marks(gif) == Marks()


def test_the_text_of_a_png_from_before_the_marks_is_read() -> None:
    png = FILES["PNG"]()
    text = make_png_chunk(b"tEXt", b"parameters\0old") + make_png_chunk(b"iTXt", b'pentimento\0\0\0\0\0{"job":"1"}')
    assert read_marks(png[:33] + text + png[33:]) == Marks(parameters="old", settings='{"job":"1"}')


PACKET = build_xmp(MARKS).decode()
BOMB = "".join(f'<!ENTITY e{n} "{f"&e{n - 1};" * 10 if n else "x" * 100}">' for n in range(9))
HOSTILE = {
    "nothing": "",
    "not XML": "hello",
    "cut short": PACKET[: len(PACKET) // 2],
    "entities that grow": f"<!DOCTYPE x [{BOMB}]>{PACKET}",
    "an entity of another file": f'<!DOCTYPE x [<!ENTITY e SYSTEM "file:///etc/passwd">]>{PACKET}',
    "a document type alone": f'<!DOCTYPE x SYSTEM "http://127.0.0.1/x.dtd">{PACKET}',
    "an entity that is not declared": PACKET.replace("Pentimento", "&other;"),
    "deep": "<a>" * 100_000,
    "large": PACKET.replace("Pentimento", "P" * MAX_PACKET_BYTES),
    "an unknown prefix": PACKET.replace('xmlns:xmp="', 'xmlns:other="'),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_xmp_is_read_as_nothing(name: str) -> None:
    packet = HOSTILE[name].encode()
    with pytest.raises(ValueError, match="XMP"):
        parse_xmp(packet)
    jpeg, webp, png = (FILES[kind]() for kind in ("JPEG", "WebP, lossy", "PNG"))
    chunk = make_png_chunk(b"iTXt", b"XML:com.adobe.xmp\0\0\0\0\0" + packet)
    content = b"http://ns.adobe.com/xap/1.0/\0" + packet[:65_000]
    extended = embed_marks(webp, Marks())[:30] + webp[12:]
    xmp = b"XMP " + struct.pack("<I", len(packet)) + packet + bytes(len(packet) % 2)
    files = [
        png[:33] + chunk + png[33:],
        jpeg[:2] + b"\xff\xe1" + struct.pack(">H", len(content) + 2) + content + jpeg[2:],
        b"RIFF" + struct.pack("<I", len(extended) + len(xmp) - 8) + extended[8:] + xmp,
    ]
    assert [read_marks(data) for data in files] == 3 * [Marks()]


def test_only_known_properties_of_descriptions_are_read() -> None:
    rdf, ours = "http://www.w3.org/1999/02/22-rdf-syntax-ns#", "urn:pentimento:xmp:1.0/"
    packet = (
        f'<r:RDF xmlns:r="{rdf}" xmlns:p="{ours}" xmlns:o="urn:other/" xmlns:xmp="http://ns.adobe.com/xap/1.0/">'
        '<r:Description o:settings="no" settings="no" xmp:CreatorTool="as attribute"/>'
        "<r:Description><p:settings><r:Bag><r:li>no</r:li></r:Bag></p:settings></r:Description>"
        '<r:Description><o:box><r:Description p:settings="in a structure" /></o:box>'
        "<p:parameters> one\ntwo</p:parameters><p:parameters>second</p:parameters><o:model>no</o:model></r:Description>"
        "<p:settings>outside</p:settings></r:RDF>"
    )
    found = parse_xmp(b"\xef\xbb\xbf" + packet.encode() + b"  \n\0")
    assert (found.creator_tool, found.parameters, found.model) == ("as attribute", " one\ntwo", "")


def test_the_packet_is_well_formed_for_another_parser_and_names_its_terms() -> None:
    root = ET.fromstring(PACKET)  # noqa: S314 - our own
    (description,) = root.iter("{http://www.w3.org/1999/02/22-rdf-syntax-ns#}Description")
    found = {element.tag: element.text for element in description}
    iptc = "{http://iptc.org/std/Iptc4xmpExt/2008-02-29/}"
    assert found[f"{iptc}DigitalSourceType"] == (
        "http://cv.iptc.org/newscodes/digitalsourcetype/compositeWithTrainedAlgorithmicMedia"
    )
    assert SourceType.FROM_WORDS.value == "http://cv.iptc.org/newscodes/digitalsourcetype/trainedAlgorithmicMedia"
    assert found[f"{iptc}AISystemUsed"] == "SDXL 1.0"
    assert found["{http://ns.adobe.com/xap/1.0/}CreatorTool"] == "Pentimento"


@pytest.mark.skipif(shutil.which("exiftool") is None, reason="exiftool is missing (libimage-exiftool-perl)")
@pytest.mark.parametrize("name", FILES)
def test_exiftool_reads_the_same_marks_and_has_no_complaint(name: str, tmp_path: Path) -> None:
    path = tmp_path / "picture"
    path.write_bytes(embed_marks(FILES[name](), MARKS))
    command = ["exiftool", "-json", "-n", "-validate", "-warning", "-DigitalSourceType", "-CreatorTool", str(path)]
    (found,) = json.loads(subprocess.run(command, check=True, capture_output=True).stdout)
    assert (found["DigitalSourceType"], found["CreatorTool"]) == (MARKS.source_type, MARKS.creator_tool)
    assert "XMP" not in str(found.get("Warning", ""))


def make_jumbf(kind: bytes) -> bytes:
    description = struct.pack(">I4s", 25, b"jumd") + kind + bytes(12) + b"\x03"
    return b"JP\0\x01\0\0\0\x01" + struct.pack(">I4s", 8 + len(description), b"jumb") + description


def test_credentials_are_found_in_every_format_and_other_boxes_are_none() -> None:
    png, jpeg, webp = (FILES[name]() for name in ("PNG", "JPEG", "WebP with a profile, Exif and other XMP"))
    assert not any(map(has_content_credentials, (png, jpeg, webp, b"", b"GIF89a")))

    def insert_segment(data: bytes) -> bytes:
        return jpeg[:20] + b"\xff\xeb" + struct.pack(">H", len(data) + 2) + data + jpeg[20:]

    assert has_content_credentials(png[:33] + make_png_chunk(b"caBX", b"store") + png[33:])
    assert has_content_credentials(insert_segment(make_jumbf(b"c2pa")))
    assert not has_content_credentials(insert_segment(make_jumbf(b"json")))
    store = b"C2PA" + struct.pack("<I", 4) + b"data"
    assert has_content_credentials(b"RIFF" + struct.pack("<I", len(webp) + len(store) - 8) + webp[8:] + store)


def test_reading_ends_with_a_file_of_a_million_segments() -> None:
    jpeg = FILES["JPEG"]()
    crowded = jpeg[:2] + 1_000_000 * b"\xff\xfe\x00\x02" + jpeg[2:]
    with pytest.raises(ValueError, match="more than 2000 segments"):
        read_jpeg_xmp(crowded)
    assert read_marks(crowded) == Marks()
    assert read_marks(b"RIFF" + struct.pack("<I", 8_000_004) + b"WEBP" + 1_000_000 * b"abcd\0\0\0\0") == Marks()
