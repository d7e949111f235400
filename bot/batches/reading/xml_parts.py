"""Reading the XML parts of XLSX files piece by piece, so that none is held in memory."""

from collections.abc import Callable, Mapping
from typing import Final
from xml.parsers import expat
from zipfile import ZipFile

from bot.batches.reading.limits import MAX_XML_BYTES, MAX_XML_DEPTH, MAX_XML_ELEMENTS, shorten_text
from bot.batches.reading.zip_files import open_entry
from shared.problems import RejectedError, make_problem

Attributes = Mapping[str, str]
StartHandler = Callable[[str, Attributes], None]
EndHandler = Callable[[str, str], None]

_CHUNK_BYTES: Final = 1 << 16
_MAX_DIGITS: Final = 7


class PartReader:
    """Reads parts of an XLSX file, in all no more than the limits allow."""

    def __init__(self, archive: ZipFile, name: str) -> None:
        self._archive = archive
        self._name = name
        self._bytes_left = MAX_XML_BYTES
        self._elements_left = MAX_XML_ELEMENTS
        self._entries = {entry.filename: entry for entry in archive.infolist()}

    def read_part(self, path: str, start: StartHandler, end: EndHandler | None = None) -> None:
        """Read a part, if there is one: each element and, where it ends, the text directly in it; names are local.

        Raises `RejectedError` if it is too large or no XML, or if it declares a document type, which no office program
        does.
        """
        entry = self._entries.get(path)
        if entry is None:
            return
        self._bytes_left -= entry.file_size
        if self._bytes_left < 0:
            raise self._make_size_error()
        parser = self._make_parser(start, end)
        with open_entry(self._archive, entry, self._name) as file:
            try:
                while chunk := file.read(_CHUNK_BYTES):
                    parser.Parse(chunk, False)
                parser.Parse(b"", True)
            except (expat.ExpatError, ValueError) as error:
                raise self.make_damage_error() from error

    def make_damage_error(self) -> RejectedError:
        """Make the error for a file that no office program has written so."""
        return RejectedError(make_problem("batch_archive_broken", name=shorten_text(self._name)))

    def _make_size_error(self) -> RejectedError:
        limit = f"{MAX_XML_BYTES >> 20} MiB"
        return RejectedError(make_problem("batch_table_too_large", name=shorten_text(self._name), limit=limit))

    def _make_parser(self, start: StartHandler, end: EndHandler | None) -> expat.XMLParserType:
        parser = expat.ParserCreate(namespace_separator=" ")
        parser.buffer_text = True
        texts: list[list[str]] = []

        def start_element(name: str, attributes: dict[str, str]) -> None:
            self._elements_left -= 1
            if self._elements_left < 0 or len(texts) == MAX_XML_DEPTH:
                raise self._make_size_error()
            texts.append([])
            start(_get_local_name(name), {_get_local_name(key): value for key, value in attributes.items()})

        def end_element(name: str) -> None:
            text = "".join(texts.pop())
            if end:
                end(_get_local_name(name), text)

        def add_text(text: str) -> None:
            texts[-1].append(text)

        def refuse_document_type(*_: object) -> None:
            raise self.make_damage_error()

        parser.StartElementHandler = start_element
        parser.EndElementHandler = end_element
        parser.CharacterDataHandler = add_text
        parser.StartDoctypeDeclHandler = refuse_document_type
        return parser


def read_index(text: str) -> int:
    """Read a number of an attribute; 0 if it is none, or none that a spreadsheet has."""
    return int(text) if text.isdecimal() and len(text) <= _MAX_DIGITS else 0


def _get_local_name(name: str) -> str:
    return name.rpartition(" ")[2]
