"""XML from the network: a DOCTYPE is allowed, for genuine pushes have one; entities never are."""

import re
from xml.etree.ElementTree import Element, ParseError

from smsctl.domain.push import UnreadableError
from smsctl.errors import say
from smsctl.gateways.push_fields import charset


def read_xml(body: bytes, content_type: str) -> Element:
    """Return the root, decoded by the HTTP charset, else as ISO-8859-1, as LINK's own receiver reads.

    The prolog is not believed, for some write UTF-8 there and Latin-1 below it; but where neither it nor the
    bytes speak against UTF-8, it is that. Raises UnreadableError. Nothing is ever fetched for a document
    (protocols.md 3.8 and 10, reliability.md 4).
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
    if named := charset(content_type):
        return body.decode(named)
    if body.startswith((b"\xff\xfe", b"\xfe\xff")):
        return body
    told = re.match(rb"""<\?xml[^>]*\sencoding\s*=\s*["']([\w.:-]+)""", body)
    if told and told[1].lower() != b"utf-8":
        return body.decode("iso-8859-1")
    try:
        return body.decode("utf-8-sig")
    except UnicodeDecodeError:
        return body.decode("iso-8859-1")
