"""The XMP packet that says how a picture was made: written by us, read from anybody.

https://github.com/adobe/XMP-Toolkit-SDK/tree/main/docs and
https://iptc.org/std/photometadata/specification/IPTC-PhotoMetadata
"""

import json
import re
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any, Final
from xml.parsers import expat
from xml.sax.saxutils import escape

CREATOR_TOOL: Final = "Pentimento"
MAX_PACKET_BYTES: Final = 1 << 20
"""The size of a packet that is read."""

_RDF: Final = "http://www.w3.org/1999/02/22-rdf-syntax-ns#"
_XMP: Final = "http://ns.adobe.com/xap/1.0/"
_IPTC_EXTENSION: Final = "http://iptc.org/std/Iptc4xmpExt/2008-02-29/"
_PENTIMENTO: Final = "urn:pentimento:xmp:1.0/"
_SOURCE_TYPES: Final = "http://cv.iptc.org/newscodes/digitalsourcetype/"
_PROPERTIES: Final = {
    f"{_IPTC_EXTENSION} DigitalSourceType": "source_type",
    f"{_IPTC_EXTENSION} AISystemUsed": "model",
    f"{_XMP} CreatorTool": "creator_tool",
    f"{_PENTIMENTO} parameters": "parameters",
    f"{_PENTIMENTO} settings": "settings",
    f"{_PENTIMENTO} removedCredentials": "removed_credentials",
}
_MAX_DEPTH: Final = 16
_PROPERTY_PATH: Final = [f"{_RDF} RDF", f"{_RDF} Description"]
_PACKET: Final = (
    '<?xpacket begin="\ufeff" id="W5M0MpCehiHzreSzNTczkc9d"?>'
    f'<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="{_RDF}"><rdf:Description rdf:about=""'
    f' xmlns:xmp="{_XMP}" xmlns:Iptc4xmpExt="{_IPTC_EXTENSION}" xmlns:pentimento="{_PENTIMENTO}">'
    '%s</rdf:Description></rdf:RDF></x:xmpmeta><?xpacket end="r"?>'
)
# Control characters, surrogates and two others are no characters of XML 1.0: https://www.w3.org/TR/xml/#charsets
_NO_XML: Final = re.compile("[\0-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")


class SourceType(StrEnum):
    """How a picture came to be, in the words of the IPTC.

    https://cv.iptc.org/newscodes/digitalsourcetype/
    """

    FROM_WORDS = f"{_SOURCE_TYPES}trainedAlgorithmicMedia"
    FROM_PICTURE = f"{_SOURCE_TYPES}compositeWithTrainedAlgorithmicMedia"

    @classmethod
    def choose(cls, *, has_picture: bool) -> "SourceType":
        """Choose the type of a picture that a model made from words alone, or from words and a picture."""
        return cls.FROM_PICTURE if has_picture else cls.FROM_WORDS


@dataclass(frozen=True)
class Marks:
    """How a picture says it was made. Anyone may have written it, so it proves nothing.

    `source_type` is a URL of the IPTC, `parameters` and `settings` are those that a PNG has as text.
    `removed_credentials` says why the signed credentials that the picture had are gone; empty if nothing is known.
    """

    source_type: str = ""
    creator_tool: str = ""
    model: str = ""
    parameters: str = ""
    settings: str = ""
    removed_credentials: str = ""

    @property
    def without_settings(self) -> "Marks":
        """The same without the prompt, and without the id of the job."""
        return replace(self, model="", parameters="", settings="")


def build_xmp(marks: Marks) -> bytes:
    """Build a packet in UTF-8. Characters that XML cannot hold are escaped in the settings, elsewhere they become ?."""
    properties = {
        "Iptc4xmpExt:DigitalSourceType": marks.source_type,
        "Iptc4xmpExt:AISystemUsed": marks.model,
        "xmp:CreatorTool": marks.creator_tool,
        "pentimento:parameters": marks.parameters,
        "pentimento:settings": _compact_json(marks.settings),
        "pentimento:removedCredentials": marks.removed_credentials,
    }
    elements = [f"<{name}>{_escape(text)}</{name}>" for name, text in properties.items() if text]
    return (_PACKET % "".join(elements)).encode()


def parse_xmp(packet: bytes) -> Marks:
    """Read a packet. Raises `ValueError` if it is larger than 1 MiB, not well-formed, too deep or declares entities.

    Properties are read as elements and as attributes, those of other namespaces and structures are skipped.
    """
    if len(packet) > MAX_PACKET_BYTES:
        raise ValueError(f"this XMP has more than {MAX_PACKET_BYTES} bytes")
    parser = _Parser()
    try:
        parser.feed(packet)
    except expat.ExpatError as error:
        raise ValueError(f"this XMP is not well-formed: {error}") from error
    return Marks(**parser.values)


class _Parser:
    """Collects the known properties of all descriptions; the first value of each counts."""

    def __init__(self) -> None:
        self.values: dict[str, str] = {}
        self._path: list[str] = []
        self._text: list[str] = []
        # XMP in an image is UTF-8, whatever it claims
        self._expat = expat.ParserCreate("UTF-8", " ")
        self._expat.buffer_text = True
        self._expat.StartDoctypeDeclHandler = self._reject_doctype
        self._expat.StartElementHandler = self._start_element
        self._expat.EndElementHandler = self._end_element
        self._expat.CharacterDataHandler = self._text.append

    def feed(self, packet: bytes) -> None:
        self._expat.Parse(packet.strip(b"\0 \t\r\n"), True)

    def _reject_doctype(self, *_: Any) -> None:
        raise ValueError("this XMP has a document type, which XMP never has")

    def _start_element(self, name: str, attributes: dict[str, str]) -> None:
        if len(self._path) >= _MAX_DEPTH:
            raise ValueError(f"this XMP is nested more than {_MAX_DEPTH} elements deep")
        self._path.append(name)
        self._text.clear()
        if name == f"{_RDF} Description":
            for attribute, value in attributes.items():
                self._add(attribute, value)

    def _end_element(self, name: str) -> None:
        if self._path[-3:-1] == _PROPERTY_PATH:
            self._add(name, "".join(self._text))
        self._path.pop()
        self._text.clear()

    def _add(self, name: str, value: str) -> None:
        if name in _PROPERTIES and value.strip():
            self.values.setdefault(_PROPERTIES[name], value)


def _compact_json(text: str) -> str:
    """Write JSON with letters in the place of escapes, where XML can hold them: half the bytes in most languages."""
    try:
        words = json.dumps(json.loads(text), ensure_ascii=False, separators=(",", ":"))
    except (ValueError, RecursionError):  # somebody else's
        return text
    return _NO_XML.sub(lambda match: f"\\u{ord(match[0]):04x}", words)


def _escape(text: str) -> str:
    return escape(_NO_XML.sub("?", text), {"\r": "&#13;"})
