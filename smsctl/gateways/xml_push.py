"""XML from the network: a DOCTYPE is allowed, for genuine pushes have one; entities never are."""

import re
from xml.etree.ElementTree import Element, ParseError

from smsctl.domain.push import UnreadableError
from smsctl.errors import say

_CHARSETS = frozenset({"utf-8", "iso-8859-1", "us-ascii", "windows-1252", "utf-16"})


def read_xml(body: bytes, content_type: str) -> Element:
    """Return the root, decoded by the HTTP charset, else by the prolog, else as UTF-8 or ISO-8859-1.

    Raises UnreadableError. Nothing is ever fetched for a document (protocols.md 3.8, reliability.md 4).
    """
    from defusedxml import DefusedXmlException
    from defusedxml.ElementTree import fromstring

    try:
        text = _decoded(body.strip(b"\0").lstrip(), content_type)
        root: Element = fromstring(text, forbid_dtd=False, forbid_entities=True, forbid_external=True)
    except (ParseError, ValueError, LookupError, DefusedXmlException) as error:
        raise UnreadableError(say("it is no XML ({kind})", kind=type(error).__name__)) from None
    return root


def _decoded(body: bytes, content_type: str) -> bytes | str:
    named = re.search(r"""(?i)charset\s*=\s*["']?([\w.:-]{1,40})""", content_type)
    if named:
        if named[1].lower() not in _CHARSETS:
            raise LookupError(named[1])
        return body.decode(named[1])
    if re.match(rb"\s*<\?xml[^>]*\sencoding\s*=", body) or body.startswith((b"\xff\xfe", b"\xfe\xff")):
        return body
    try:
        return body.decode()
    except UnicodeDecodeError:
        return body.decode("iso-8859-1")
