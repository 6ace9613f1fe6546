"""How a sound input is spoiled."""

import random
from typing import Final

PIECES: Final = (
    *(b"\x00", b"\xff", b"\xc3", b"\xef\xbb\xbf", b'"', b";", b"\n", b"\r", b"[", b"{" * 50, b"\\ud800"),
    *(b"{n}", b"\x1b[2J", "\u202e".encode(), b"1" * 400, b"9" * 30, b"=", b"-", b"<a>", b"&x;", b"%s"),
    *(b"null", b"NaN", b"1e999", b"&#0;", b"]]>", b"\\", b"<!DOCTYPE a [<!ENTITY x 'y'>]>", b"\t", b"0"),
)


def mutated(seed: bytes, dice: random.Random, pieces: tuple[bytes, ...] = PIECES) -> bytes:
    """Return a text with a few things put in, taken out, doubled or changed."""
    data = bytearray(seed)
    for _ in range(dice.choice((1, 1, 1, 2, 2, 3, 5))):
        at = dice.randrange(len(data) + 1)
        match dice.randrange(5):
            case 0:
                data[at:at] = dice.choice(pieces)
            case 1:
                del data[at : at + dice.randrange(1, 8)]
            case 2:
                begun = dice.randrange(len(data) + 1)
                data[at:at] = data[begun : begun + dice.randrange(1, 40)]
            case 3:
                end = at + dice.randrange(1, 12)
                data[at:end] = dice.choice(pieces)
            case _ if at < len(data):
                data[at] = dice.randrange(256)
    return bytes(data)
