"""Every sentence has its Swedish, with the same places, and every sentence can be found to be translated."""

import ast
from collections import Counter
from collections.abc import Iterator
from string import Formatter

from babel.messages.catalog import Message

from .catalogues import everything, extracted, script, swedish
from .test_house import MODULES, Module

KEYWORDS = {"say": 1, "say_n": 2}


def translated() -> list[Message]:
    return [message for message in swedish() if message.id]


def forms(of: object) -> tuple[str, ...]:
    assert isinstance(of, str | tuple | list)
    return (of,) if isinstance(of, str) else tuple(of)


def name_of(message: Message) -> str:
    return forms(message.id)[0]


def places(template: str) -> Counter[tuple[str, str | None, str | None]]:
    return Counter(
        (name, spec, conversion)
        for _, name, spec, conversion in Formatter().parse(template)
        if name is not None
    )


def calls(module: Module) -> Iterator[tuple[ast.Call, str]]:
    for node in ast.walk(module.tree):
        if isinstance(node, ast.Call):
            name = node.func.id if isinstance(node.func, ast.Name) else getattr(node.func, "attr", "")
            if name in KEYWORDS:
                yield node, name


def literals(call: ast.Call, name: str) -> list[str]:
    texts = [arg.value for arg in call.args if isinstance(arg, ast.Constant) and isinstance(arg.value, str)]
    return texts if len(call.args) == len(texts) == KEYWORDS[name] else []


def test_every_template_stands_in_the_call_so_that_it_can_be_found() -> None:
    every = [(module, call) for module in MODULES.values() for call in calls(module)]
    assert not [module.at(call) for module, (call, name) in every if not literals(call, name)]


def test_nobody_makes_a_sentence_but_by_saying_it() -> None:
    makers = {
        name
        for name, module in MODULES.items()
        for node in ast.walk(module.tree)
        if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "Sentence"
    }
    # A Sentence whose template is another's, with other values.
    assert makers == {"smsctl.errors", "smsctl.domain.number"}


def test_the_extraction_loses_none() -> None:
    has_words = script("update").has_words
    said = {tuple(literals(*call)) for module in MODULES.values() for call in calls(module)}
    assert {name_of(one) for one in extracted() if one.id} == {one[0] for one in said if has_words(one)}


def test_no_sentence_has_two_plurals() -> None:
    every = [call for module in MODULES.values() for call in calls(module)]
    pairs = {tuple(literals(call, name)) for call, name in every if name == "say_n"}
    assert not [one for one, times in Counter(one for one, _ in pairs).items() if times > 1]


def test_the_catalogue_has_the_sentences_of_the_code_and_no_others() -> None:
    in_code = {name_of(one) for one in everything() if one.id}
    in_catalogue = {name_of(one) for one in translated()}
    assert (in_code - in_catalogue, in_catalogue - in_code) == (set(), set()), "python translations/update.py"
    assert not swedish().obsolete


def test_every_sentence_is_translated() -> None:
    assert not [name_of(one) for one in translated() if one.fuzzy or not all(forms(one.string))]


def test_both_forms_of_a_plural_are_there() -> None:
    assert swedish().num_plurals == 2
    assert not [one.id for one in translated() if len(forms(one.id)) != len(forms(one.string))]


def test_a_translation_has_the_places_of_its_sentence() -> None:
    assert not [
        translated
        for one in translated()
        for english, translated in zip(forms(one.id), forms(one.string), strict=True)
        if translated and places(translated) != places(english)
    ]


def test_swedish_has_one_word_for_one_thing() -> None:
    """Each of these is a second word for something."""
    others = (
        "granskningslogg",
        "sektion",
        "insticksblock",
        "kondensat",
        "kopplingsrut",
        "e-brev",
        "tysta timm",
    )
    said = [(other, form) for one in translated() for form in forms(one.string) for other in others]
    assert [form for other, form in said if other in form.casefold()] == []
