"""Writing a table as an XLSX file of one sheet, in which every text is a text and none a formula.

https://ecma-international.org/publications-and-standards/standards/ecma-376/
"""

import re
from collections.abc import Iterator, Sequence
from io import BytesIO
from typing import Final
from xml.sax.saxutils import escape, quoteattr
from zipfile import ZIP_DEFLATED, ZipFile

from bot.batches.reading.neutralisation import is_formula
from bot.batches.reading.values import Line
from bot.batches.reading.worksheet import name_column

_MAIN: Final = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
_RELATIONS: Final = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_PACKAGE: Final = "http://schemas.openxmlformats.org/package/2006"
_SHEET_TYPE: Final = "application/vnd.openxmlformats-officedocument.spreadsheetml"
_DECLARATION: Final = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n'
_FORMULA_STYLE: Final = 1
"""The style of a text that looks like a formula: it stays a text when it is edited."""

_FORBIDDEN: Final = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_ESCAPE: Final = re.compile("_(?=x[0-9A-Fa-f]{4}_)")
_SHEET_NAME: Final = re.compile(r"[\[\]:*?/\\]")
_NUMBER: Final = re.compile(r"-?(?:0|[1-9]\d{0,14})", re.ASCII)
_MAX_SHEET_NAME: Final = 31

_PARTS: Final = {
    "[Content_Types].xml": f"""<Types xmlns="{_PACKAGE}/content-types">
<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>
<Default Extension="xml" ContentType="application/xml"/>
<Override PartName="/xl/workbook.xml" ContentType="{_SHEET_TYPE}.sheet.main+xml"/>
<Override PartName="/xl/worksheets/sheet1.xml" ContentType="{_SHEET_TYPE}.worksheet+xml"/>
<Override PartName="/xl/styles.xml" ContentType="{_SHEET_TYPE}.styles+xml"/>
</Types>""",
    "_rels/.rels": f"""<Relationships xmlns="{_PACKAGE}/relationships">
<Relationship Id="rId1" Type="{_RELATIONS}/officeDocument" Target="xl/workbook.xml"/>
</Relationships>""",
    "xl/_rels/workbook.xml.rels": f"""<Relationships xmlns="{_PACKAGE}/relationships">
<Relationship Id="rId1" Type="{_RELATIONS}/worksheet" Target="worksheets/sheet1.xml"/>
<Relationship Id="rId2" Type="{_RELATIONS}/styles" Target="styles.xml"/>
</Relationships>""",
    "xl/styles.xml": f"""<styleSheet xmlns="{_MAIN}">
<fonts count="1"><font><sz val="11"/><name val="Calibri"/></font></fonts>
<fills count="2"><fill><patternFill patternType="none"/></fill><fill><patternFill patternType="gray125"/></fill></fills>
<borders count="1"><border><left/><right/><top/><bottom/><diagonal/></border></borders>
<cellStyleXfs count="1"><xf/></cellStyleXfs><cellXfs count="2"><xf xfId="0"/><xf xfId="0" quotePrefix="1"/></cellXfs>
<cellStyles count="1"><cellStyle name="Normal" xfId="0" builtinId="0"/></cellStyles></styleSheet>""",
}


def write_workbook(sheet_name: str, lines: Sequence[Line]) -> bytes:
    """Write the lines at their numbers, the hidden ones hidden."""
    name = _SHEET_NAME.sub(" ", _FORBIDDEN.sub("", sheet_name)).strip(" '")[:_MAX_SHEET_NAME] or "Sheet1"
    workbook = (
        f'<workbook xmlns="{_MAIN}" xmlns:r="{_RELATIONS}">'
        f'<sheets><sheet name={quoteattr(name)} sheetId="1" r:id="rId1"/></sheets></workbook>'
    )
    rows = "".join(_write_row(line) for line in lines)
    sheet = f'<worksheet xmlns="{_MAIN}"><sheetData>{rows}</sheetData></worksheet>'
    file = BytesIO()
    with ZipFile(file, "w", ZIP_DEFLATED) as archive:
        for path, part in {**_PARTS, "xl/workbook.xml": workbook, "xl/worksheets/sheet1.xml": sheet}.items():
            archive.writestr(path, f"{_DECLARATION}{part}")
    return file.getvalue()


def _write_row(line: Line) -> str:
    hidden = ' hidden="1"' if line.is_hidden else ""
    return f'<row r="{line.number}"{hidden}>{"".join(_write_cells(line))}</row>'


def _write_cells(line: Line) -> Iterator[str]:
    for index, text in enumerate(line.cells):
        reference = f'r="{name_column(index)}{line.number}"'
        if _NUMBER.fullmatch(text):
            yield f"<c {reference}><v>{text}</v></c>"
        elif text:
            style = f' s="{_FORMULA_STYLE}"' if is_formula(text) else ""
            written = escape(_ESCAPE.sub("_x005F_", _FORBIDDEN.sub("", text)))
            yield f'<c {reference}{style} t="inlineStr"><is><t xml:space="preserve">{written}</t></is></c>'
