"""The only parser of untrusted XML: what is not plain, small and well-formed is refused before anything looks at it."""

from __future__ import annotations

from typing import Any

from lxml import etree

from app.errors import Finding, Refused

MAX_BYTES = 5 * 1024 * 1024
MAX_ELEMENTS = 50_000

BPMN = "http://www.omg.org/spec/BPMN/20100524/MODEL"
BPMNDI = "http://www.omg.org/spec/BPMN/20100524/DI"
SPIFF = "http://spiffworkflow.org/bpmn/schema/1.0/core"
CHENGNUO = "http://chengnuo/schema/1.0"
XINCLUDE = "http://www.w3.org/2001/XInclude"

Xml = Any  # an lxml element; lxml ships no types


def _refused(file: str, line: int | None, rule: str, zh: str, en: str) -> Refused:
    return Refused([Finding(file, None, line, rule, "error", zh, en)])


def parse(data: bytes, file: str, max_bytes: int = MAX_BYTES, max_elements: int = MAX_ELEMENTS) -> Xml:
    """Return the root element of `data`, without comments and processing instructions.

    Raises Refused for more than `max_bytes`, a DOCTYPE, XInclude, more than `max_elements`, or bad XML (with the line).
    Entities are never expanded and nothing is ever fetched.
    """
    if len(data) > max_bytes:
        raise _refused(
            file, None, "xml_too_large", f"文件超过 {max_bytes >> 20} MB，请拆分后再上传。",
            f"The file is larger than {max_bytes >> 20} MB; split it."
        )
    if b"<!DOCTYPE" in data or b"<!ENTITY" in data:
        raise _doctype(file, data[: data.find(b"<!")].count(b"\n") + 1)
    parser = etree.XMLParser(
        resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False, remove_comments=True, remove_pis=True
    )
    try:
        root = etree.fromstring(data, parser)
    except (etree.XMLSyntaxError, ValueError) as error:
        line = getattr(error, "lineno", None)
        raise _refused(
            file,
            line,
            "xml_not_well_formed",
            f"第 {line or '?'} 行不是合法的 XML：{error}",
            f"Not well-formed XML at line {line or '?'}: {error}",
        ) from error
    if root.getroottree().docinfo.internalDTD is not None or root.getroottree().docinfo.doctype:
        raise _doctype(file, 1)  # written in another encoding, such as UTF-16
    _check_content(root, file, max_elements)
    return root


def _doctype(file: str, line: int) -> Refused:
    return _refused(
        file,
        line,
        "xml_doctype",
        "不允许 DOCTYPE 或实体声明，请删除后再上传。",
        "A DOCTYPE or entity declaration is not allowed; remove it.",
    )


def _check_content(root: Xml, file: str, max_elements: int) -> None:
    for count, element in enumerate(root.iter(), 1):
        if count > max_elements:
            raise _refused(
                file,
                element.sourceline,
                "xml_too_many_elements",
                f"元素超过 {max_elements} 个，请拆分文件。",
                f"More than {max_elements} elements; split the file.",
            )
        if not isinstance(element.tag, str):  # an entity reference
            raise _doctype(file, element.sourceline or 1)
        if element.tag.startswith("{" + XINCLUDE):
            raise _refused(
                file, element.sourceline, "xml_include", "不允许 XInclude 引用外部内容。", "XInclude is not allowed."
            )


def local(element: Xml) -> str:
    """Return the element's name without its namespace."""
    return str(etree.QName(element).localname)


def namespace(element: Xml) -> str:
    """Return the element's namespace, or an empty text."""
    return str(etree.QName(element).namespace or "")


def bpmn(name: str) -> str:
    """Return the full name of a BPMN element."""
    return f"{{{BPMN}}}{name}"


def spiff(name: str) -> str:
    """Return the full name of a SpiffWorkflow extension element."""
    return f"{{{SPIFF}}}{name}"


def chengnuo(name: str) -> str:
    """Return the full name of an extension element of ours."""
    return f"{{{CHENGNUO}}}{name}"


def text(element: Xml) -> str | None:
    """Return the element's text without surrounding blanks, or None where there is none."""
    if element is None:
        return None
    value = "".join(element.itertext()).strip()
    return value or None
