import pytest

from smsctl.config.lines import find_lines, line_of

TEXT = '''\
# a comment
a = 1
"b c" = """
[not.a.section]
x = 1
"""
d = [
    1,  # ]
    2,
]
e.f = 1
e.g = { h = 1 }

[s]  # a comment
  k = "# no comment"
[s.'t.u']
k = \'\'\'
k = 2\'\'\'
[[many]]
k = 1
[[many]]
k = 2
l = 3
'''


@pytest.mark.parametrize(
    ("path", "line"),
    [
        (("a",), 2),
        (("b c",), 3),
        (("d",), 7),
        (("e", "f"), 11),
        (("e", "g", "h"), 12),
        (("s",), 14),
        (("s", "k"), 15),
        (("s", "t.u", "k"), 17),
        (("many", "k"), 20),
        (("many", "l"), 23),
        (("s", "missing"), 14),
        (("missing",), None),
    ],
)
def test_every_key_has_its_line_and_a_missing_one_its_section_s(path: tuple[str, ...], line: int) -> None:
    assert line_of(path, find_lines(TEXT)) == line
