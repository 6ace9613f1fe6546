import pytest

from smsctl.domain.incoming import Incoming, SmsRequest, is_ours, wish_of


def incoming(text: str, keyword: str = "") -> Incoming:
    return Incoming(gateway="pswincom", sender="+46701740605", receiver="71234", text=text, keyword=keyword)


@pytest.mark.parametrize(
    ("text", "keyword", "ours"),
    [
        ("KOMMUN Ja tack", "", True),
        ("kommun, ja tack", "", True),
        ("Kommun", "", True),
        ("KOMMUN,stop", "", True),
        ("kommun-stop", "", True),
        ("Ja tack", "kommun", True),
        ("Ja tack KOMMUN", "", False),
        ("KOMMUNEN hej", "", False),
        ("KOMMUN hej", "ANNAN", True),
        ("", "", False),
    ],
)
def test_our_endpoint_code_is_the_keyword_or_the_first_word(text: str, keyword: str, *, ours: bool) -> None:
    assert is_ours(incoming(text, keyword), "KOMMUN") is ours


def test_without_a_code_everything_is_ours() -> None:
    assert is_ours(incoming("hej"), None)


@pytest.mark.parametrize(
    "text",
    [
        "STOP",
        "stopp",
        "Avsluta!",
        "sluta.",
        " Stop ",
        "KOMMUN STOP",
        "STOP kommun",
        "kommun: stopp!!",
        "«STOPP»",
        "Stop !",
        "STOPP tack",
        "KOMMUN STOPP tack",
        "KOMMUN,STOP",
        "kommun-stopp!",
        "STOPP/KOMMUN",
        "STOPP KOMMUN, tack!",
        "stop, snälla!",
        "Stop please. Thanks 🙏",
        "STOPP,tack",
        "St\u200bopp",
        "stop sna\u0308lla",
        "ＳＴＯＰ",
        "Avsluta tack",
    ],
)
def test_a_word_that_means_stop_is_obeyed(text: str) -> None:
    assert wish_of(incoming(text), "KOMMUN") is SmsRequest.STOP


@pytest.mark.parametrize(
    "text",
    [
        "",
        "KOMMUN",
        "stoppa",
        "Kan ni stoppa utskicken?",
        "STOP nu",
        "stop stop",
        "ANNAN STOP",
        "STOP ANNAN",
        "STOP KOMMUN STOP",
        "Sluta inte",
    ],
)
def test_other_words_are_read_by_a_person(text: str) -> None:
    assert wish_of(incoming(text), "KOMMUN") is not SmsRequest.STOP


@pytest.mark.parametrize(
    ("text", "wish"),
    [
        ("stoppa", SmsRequest.MAYBE_STOP),
        ("STOP nu", SmsRequest.MAYBE_STOP),
        ("KOMMUN stopp med alla sms", SmsRequest.MAYBE_STOP),
        ("stop stop", SmsRequest.MAYBE_STOP),
        ("Sluta inte", SmsRequest.MAYBE_STOP),
        ("STOPP tack för mig", SmsRequest.MAYBE_STOP),
        ("STOPPAR", SmsRequest.MAYBE_STOP),
        ("AVBRYT", SmsRequest.MAYBE_STOP),
        ("Ni har fel nummer", SmsRequest.MAYBE_STOP),
        ("wrong number", SmsRequest.MAYBE_STOP),
        ("Do not text me", SmsRequest.MAYBE_STOP),
        ("no more", SmsRequest.MAYBE_STOP),
        ("إيقاف", SmsRequest.MAYBE_STOP),
        ("Slut på lov?", SmsRequest.NONE),
        ("Vänligen sluta", SmsRequest.MAYBE_STOP),
        ("KOMMUN please stop", SmsRequest.MAYBE_STOP),
        ("Kan ni sluta skicka sms", SmsRequest.MAYBE_STOP),
        ("Jag vill avsluta", SmsRequest.MAYBE_STOP),
        ("Skicka inga fler sms", SmsRequest.MAYBE_STOP),
        ("Avprenumerera", SmsRequest.MAYBE_STOP),
        ("Jag kan inte komma", SmsRequest.NONE),
        ("Hej, när slutar skolan?", SmsRequest.NONE),
        ("Kan ni ringa mig", SmsRequest.NONE),
        ("Avbryter mötet", SmsRequest.NONE),
        ("KOMMUN Avregistrera mig", SmsRequest.MAYBE_STOP),
        ("Unsubscribe", SmsRequest.MAYBE_STOP),
        ("Avanmäl", SmsRequest.MAYBE_STOP),
        ("END", SmsRequest.MAYBE_STOP),
        ("Nej tack, sluta", SmsRequest.MAYBE_STOP),
        ("Hej! STOPP", SmsRequest.MAYBE_STOP),
        ("Vill inte ha fler sms", SmsRequest.MAYBE_STOP),
        ("Ta bort mitt nummer", SmsRequest.MAYBE_STOP),
        ("KOMMUN S T O P P", SmsRequest.MAYBE_STOP),
        ("Re: STOP", SmsRequest.MAYBE_STOP),
        ("st0pp", SmsRequest.MAYBE_STOP),
        ("Sotp", SmsRequest.MAYBE_STOP),
        ("\U0001f6d1", SmsRequest.MAYBE_STOP),
        ("KOMMUN \u270b\u270b", SmsRequest.MAYBE_STOP),
        ("стоп", SmsRequest.MAYBE_STOP),
        ("توقف", SmsRequest.MAYBE_STOP),
        ("Skicka inte mer", SmsRequest.MAYBE_STOP),
        ("Jag vill inte få sms", SmsRequest.MAYBE_STOP),
        ("Blockera mig", SmsRequest.MAYBE_STOP),
        ("Ta bort", SmsRequest.MAYBE_STOP),
        ("Fel nummer!", SmsRequest.MAYBE_STOP),
        ("Tack \u270b", SmsRequest.NONE),
        ("Ta bort cykeln", SmsRequest.NONE),
        ("Inte mera snö", SmsRequest.NONE),
        ("Avslutningen är kl 10", SmsRequest.NONE),
        ("Bussen stannar ej vid hållplatsen", SmsRequest.NONE),
        ("Hej, vi kommer", SmsRequest.NONE),
        ("Endast Kim kommer", SmsRequest.NONE),
        ("Slutar ni 14 idag?", SmsRequest.NONE),
        ("tack", SmsRequest.NONE),
        ("Tack stopp", SmsRequest.NONE),
        ("ANNAN STOP", SmsRequest.NONE),
        ("", SmsRequest.NONE),
        ("!", SmsRequest.NONE),
    ],
)
def test_what_only_begins_like_stop_is_told_apart(text: str, wish: SmsRequest) -> None:
    assert wish_of(incoming(text), "KOMMUN") is wish


def test_the_gateways_keyword_counts_as_the_code() -> None:
    assert wish_of(incoming("Skola stop", keyword="SKOLA"), None) is SmsRequest.STOP
    assert wish_of(incoming("STOP KOMMUN", keyword="STOP"), "KOMMUN") is SmsRequest.STOP
