"""Puzzel's request and response as JSON, XML or form fields (wire/puzzel.md, "Sending")."""

import json
import re
from collections.abc import Iterable, Mapping
from http import HTTPStatus
from typing import Any
from urllib.parse import parse_qsl

from smsctl.simulator.web import ReceivedRequest, SimulatorReply, refuse

Document = dict[str, Any]

_PROLOG = '<?xml version="1.0" encoding="UTF-8"?>'

_REQUEST_ROOT = "{http://chimera.intele.com/gw/xsd/SMSGateway/Request/2013/02}request"
_RESPONSE_NAMESPACE = "http://chimera.intele.com/gw/xsd/SMSGateway/Response/2013/02"
_LISTS = frozenset({"message", "parameter"})
_XML = frozenset({"application/xml", "text/xml"})
_FORM = "application/x-www-form-urlencoded"
_STEP = r"([^.\[\]]+)(?:\[(\d+)\])?"
_BAD_REQUEST = HTTPStatus.BAD_REQUEST


def read(request: ReceivedRequest) -> Document:
    """Return the request's fields; numbers out of XML and forms stay text.

    Raises RefusedRequestError (400, 415).
    """
    if request.method == "GET":
        return _from_pairs(request.query)
    if request.media_type == "application/json":
        return read_json(request.body)
    if request.media_type in _XML:
        return _from_xml(request.body)
    if request.media_type == _FORM:
        return _from_pairs(_decode(request.body))
    raise refuse(HTTPStatus.UNSUPPORTED_MEDIA_TYPE, "Send application/json, application/xml or a form.")


def write(request: ReceivedRequest, document: Document) -> SimulatorReply:
    """Return the response in the format the request asks for, else in the request's own."""
    if _wants_json(request):
        return write_json(document)
    media_type = "text/xml" if request.method == "GET" else "application/xml"
    return write_xml(media_type, "r:response", document, f' xmlns:r="{_RESPONSE_NAMESPACE}"')


def write_json(document: Document) -> SimulatorReply:
    """Return the document as JSON."""
    return SimulatorReply(
        HTTPStatus.OK, "application/json", json.dumps(document, ensure_ascii=False).encode()
    )


def write_xml(media_type: str, root: str, document: Document, attributes: str = "") -> SimulatorReply:
    """Return the document as XML: an element for each value, repeated for a list, none for null."""
    text = f"{_PROLOG}<{root}{attributes}>{''.join(elements(document))}</{root}>"
    return SimulatorReply(HTTPStatus.OK, f"{media_type};charset=UTF-8", text.encode())


def escape(text: str) -> str:
    """Return the text as it stands inside an XML element."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def _wants_json(request: ReceivedRequest) -> bool:
    accept = request.accept.lower()
    if "json" in accept:
        return True
    return request.media_type == "application/json" and "xml" not in accept


def _decode(body: bytes) -> str:
    try:
        return body.decode()
    except UnicodeDecodeError as error:
        raise refuse(_BAD_REQUEST, f"Not UTF-8: byte {error.start}.") from error


def read_json(body: bytes) -> Document:
    """Return the fields of an object. Raises RefusedRequestError (400)."""
    text = _decode(body)
    try:
        document = json.loads(text)
        if "\\u" in text:
            json.dumps(document, ensure_ascii=False).encode()  # half a surrogate pair is no text
    except (ValueError, RecursionError) as error:
        raise refuse(_BAD_REQUEST, f"Malformed JSON: {error}.") from error
    if not isinstance(document, dict):
        raise refuse(_BAD_REQUEST, "The request must be an object.")
    return document


def read_xml(body: bytes, root: str, encoding: str | None = None) -> Any:  # noqa: ANN401
    """Return the root of a document, decoded as the prolog says where no encoding is given.

    A DOCTYPE is allowed, an entity is not. Raises RefusedRequestError (400).
    """
    from xml.etree.ElementTree import ParseError

    from defusedxml import DefusedXmlException
    from defusedxml.ElementTree import fromstring

    try:
        found = fromstring(body.decode(encoding) if encoding else body)
    except (ParseError, DefusedXmlException, ValueError, LookupError) as error:
        raise refuse(_BAD_REQUEST, f"Malformed XML: {error}.") from error
    if found.tag != root:
        raise refuse(_BAD_REQUEST, f"The root must be {root}.")
    return found


def _from_xml(body: bytes) -> Document:
    document = _fields(read_xml(body, _REQUEST_ROOT))
    return document if isinstance(document, dict) else {}


def _fields(element: Iterable[Any]) -> Document | str:
    """Return what an element holds: its text, or its children by name."""
    found: Document = {}
    for child in element:
        value = _fields(child) if len(child) else (child.text or "")
        if child.tag in _LISTS:
            found.setdefault(child.tag, []).append(value)
        else:
            found[child.tag] = value
    return found


def _from_pairs(encoded: str) -> Document:
    """Return fields out of names such as `message[0].settings.priority` (wire/puzzel.md, "Sending")."""
    document: Document = {}
    for name, value in parse_qsl(encoded, keep_blank_values=True):
        way: list[str | int] = []
        for step, index in re.findall(_STEP, name):
            way += [step, int(index)] if index else [step]
        if way:
            # The samples write a number's plus as it is, and it is a space then.
            _put(document, way, f"+{value[1:]}" if way[-1] == "recipient" and value[:1] == " " else value)
    listed = _with_lists(document)
    return listed if isinstance(listed, dict) else {}


def _put(node: dict[Any, Any], way: list[str | int], value: str) -> None:
    for step in way[:-1]:
        below = node.setdefault(step, {})
        if not isinstance(below, dict):
            raise refuse(_BAD_REQUEST, f"The field {step} is both a value and a group.")
        node = below
    node[way[-1]] = value


def _with_lists(node: Any) -> Any:  # noqa: ANN401
    if not isinstance(node, dict):
        return node
    if node and all(isinstance(key, int) for key in node):
        return [_with_lists(node[key]) for key in sorted(node)]
    return {key: _with_lists(value) for key, value in node.items()}


def elements(document: Mapping[str, object]) -> Iterable[str]:
    """Yield an XML element for each value, repeated for a list, none for null."""
    for name, value in document.items():
        for one in value if isinstance(value, list | tuple) else [value]:
            if isinstance(one, dict):
                yield f"<{name}>{''.join(elements(one))}</{name}>"
            elif one is not None:
                yield f"<{name}>{escape(str(one))}</{name}>"
