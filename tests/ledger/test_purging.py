from datetime import timedelta
from itertools import pairwise

import pytest

from smsctl.actions.purge import Purged, purge
from smsctl.domain.audience import AudienceRule
from smsctl.domain.message import Status
from smsctl.domain.moment import Moment, Uptime
from smsctl.domain.report import CodeMeaning, Report
from smsctl.errors import InputError, LedgerError
from smsctl.ledger import (
    audit,
    blocklist,
    checking,
    holds,
    keyfile,
    mailings,
    purging,
    repeats,
    reports,
    searching,
    skipped,
)
from smsctl.ledger.purging import Decision, Reach
from smsctl.ledger.reports import IntakeSource, ReportFate, ReportIntake
from smsctl.ledger.store import Ledger

from . import sending
from .conftest import ACTOR, NOW, TOWN, on
from .recount import must_agree
from .sending import new

OLD = on("2026-08-01")
TODAY = "2026-08-24T08:00:00.000Z"
OURS = Reach(municipalities=frozenset({TOWN.key}), strays=True)
TEXT = "Skolan är stängd på grund av snö"


def purge_of(ledger: Ledger, reach: Reach, moment: Moment = NOW, before: str = TODAY) -> Purged:
    decision = Decision(reference="KS 2026/123", before=before, reach=reach)
    return purge(ledger, decision, moment, ACTOR, lambda _done: None)


def purge_before(ledger: Ledger, before: str = TODAY, moment: Moment = NOW) -> Purged:
    return purge_of(ledger, OURS, moment, before)


def send_at(ledger: Ledger, moment: Moment, body: str = TEXT, states: tuple[Status, ...] = ()) -> int:
    mailing = sending.begin(ledger, 3, new(body=body), moment)
    with ledger.transaction():
        ledger.write(
            "INSERT INTO skipped VALUES (?, 9, '', 'terms', '070-174 06 99', 'Bo Nej', 0)", mailing.id
        )
        ledger.write("UPDATE mailings SET rows_total = rows_total + 1 WHERE id = ?", mailing.id)
    sending.settle(ledger, mailing, sending.claim(ledger, mailing, moment=moment), states, moment)
    return mailing.id


@pytest.fixture
def sent(ledger: Ledger) -> int:
    sending.activate(ledger, moment=OLD)
    return send_at(ledger, OLD)


def must_be_found(ledger: Ledger, *texts: str) -> None:
    """What stands in a cell by right, stands in the ledger's file too, where there is one."""
    if ledger.engine.inspection().files():
        assert searching.found_in_file(ledger, texts) == set(texts)
    else:
        assert all(searching.in_a_cell(ledger, text) for text in texts)


@pytest.mark.of_a_file
def test_numbers_names_and_texts_leave_the_file(sent: int, ledger: Ledger) -> None:
    gone = ("+46700000000", "+46700000002", "Person 1", "070-174 06 99", "Bo Nej", TEXT)
    assert searching.found_in_file(ledger, gone) == set(gone)
    done = purge_before(ledger)
    assert not searching.found_in_file(ledger, gone)
    assert done.protocol[5:] == (TODAY, 1, 3, 1, 0, 0, 0, ("town",))


@pytest.mark.of_a_file
def test_of_a_large_mailing_no_commit_removes_more_than_others_can_wait_for(
    ledger: Ledger, monkeypatch: pytest.MonkeyPatch
) -> None:
    sending.activate(ledger, moment=OLD)
    mailing = sending.begin(ledger, 2_500, new(body=TEXT), OLD)
    sending.settle(ledger, mailing, sending.claim(ledger, mailing, 2_500, OLD), (), OLD)
    left, most, give_way = [2_500], [ledger.rows_in_a_commit], ledger.give_way

    def look() -> None:
        left.append(ledger.number("SELECT COUNT(*) FROM messages WHERE number IS NOT NULL"))
        give_way()
        most.append(ledger.rows_in_a_commit)

    monkeypatch.setattr(ledger, "give_way", look)
    purge_before(ledger)
    removed = [before - after for before, after in pairwise(left)]
    assert sum(removed) == 2_500
    assert all(n <= at_most for n, at_most in zip(removed, most, strict=False))


@pytest.mark.of_a_file
def test_what_was_removed_cannot_be_found_by_trying(ledger: Ledger) -> None:
    sending.activate(ledger, moment=OLD)
    mailing = sending.begin(ledger, 1, new(body=TEXT), OLD)
    claimed = sending.claim(ledger, mailing, moment=OLD)
    assert claimed
    sending.settle(ledger, mailing, claimed, moment=OLD)
    guess = claimed.batch.digest("")
    assert searching.found_in_file(ledger, [guess])
    purge_before(ledger)
    assert not searching.found_in_file(ledger, [guess])


@pytest.mark.of_a_file
def test_a_removal_that_left_something_in_any_mailing_is_told(ledger: Ledger) -> None:
    sending.activate(ledger, moment=OLD)
    for n in range(40):
        send_at(ledger, OLD, f"{TEXT} {n}")
    with ledger.transaction():
        audit.record(ledger, OLD, ACTOR, "test", "+46700000000")  # stays where no purge looks for it
    with pytest.raises(LedgerError, match="still found in the file"):
        purge_before(ledger)


def test_what_the_bill_needs_stays(sent: int, ledger: Ledger) -> None:
    def facts() -> list[object]:
        tables = "SELECT * FROM {} ORDER BY 1, 2"
        kept = [ledger.rows(tables.format(one)) for one in ("packages", "invoices", "entries", "day_counts")]
        mailing = mailings.get(ledger, sent)
        tally = mailings.tally(ledger, mailing)
        return [*kept, mailing.messages, mailing.created_at, mailing.size, tally.states, tally.cost_ore]

    before = facts()
    purge_before(ledger)
    assert facts() == before
    assert skipped.counts(ledger, sent) == {"terms": 1}
    assert not checking.check(ledger)
    must_agree(ledger)


@pytest.mark.parametrize("state", [Status.UNKNOWN, Status.HELD, Status.PENDING])
def test_a_mailing_that_is_not_finished_is_left_alone(state: Status, ledger: Ledger) -> None:
    sending.activate(ledger)
    mailing = send_at(ledger, OLD, states=(Status.ACCEPTED, state, Status.ACCEPTED))
    done = purge_before(ledger)
    assert (done.due.unfinished, done.due.mailings, done.protocol.mailings) == ((mailing,), (), 0)
    assert mailings.get(ledger, mailing).letter.text.body == TEXT


def test_what_is_younger_is_left_alone(sent: int, ledger: Ledger) -> None:
    assert purging.due(ledger, OLD.at, OURS, NOW).mailings == ()
    younger = send_at(ledger, on("2026-08-24"), "Something else")
    assert purging.due(ledger, TODAY, OURS, NOW).mailings == (sent,)
    assert purging.due(ledger, "2026-08-25T00:00:00.000Z", OURS, NOW).mailings == (sent, younger)


def test_a_mailing_resumed_lately_is_not_old(ledger: Ledger) -> None:
    sending.activate(ledger)
    mailing = sending.begin(ledger, 2, moment=OLD)
    sending.settle(ledger, mailing, sending.claim(ledger, mailing, 1, OLD), moment=OLD)
    sending.settle(ledger, mailing, sending.claim(ledger, mailing, 1, NOW))
    assert purging.due(ledger, TODAY, OURS, NOW).mailings == ()


def test_a_held_mailing_is_left_alone_until_it_is_released(sent: int, ledger: Ledger) -> None:
    mailing = mailings.get(ledger, sent)
    assert holds.hold(ledger, mailing, NOW, ACTOR, "asked for")
    assert not holds.hold(ledger, mailing, NOW, ACTOR, "asked for")
    assert purge_before(ledger).due.held == (sent,)
    must_be_found(ledger, TEXT)
    assert [one.reason for one in holds.holds(ledger)] == ["asked for"]
    assert holds.release(ledger, mailing, NOW, ACTOR, None)
    assert not holds.release(ledger, mailing, NOW, ACTOR, None)
    assert purge_before(ledger).protocol.mailings == 1
    with pytest.raises(InputError, match="purged already"):
        holds.hold(ledger, mailing, NOW, ACTOR, "too late")


def test_nothing_is_purged_twice_and_each_purge_has_its_protocol(sent: int, ledger: Ledger) -> None:
    purge_before(ledger)
    assert purge_before(ledger).protocol.mailings == 0
    assert [(one.id, one.mailings, one.decision) for one in purging.protocols(ledger)] == [
        (2, 0, "KS 2026/123"),
        (1, 1, "KS 2026/123"),
    ]
    rows = [(row.action, row.subject, row.reason) for row in audit.read(ledger) if row.action == "purge"]
    assert rows == [("purge", "purge 2", "KS 2026/123"), ("purge", "purge 1", "KS 2026/123")]


def test_a_number_that_a_newer_mailing_has_by_right_is_no_fault(sent: int, ledger: Ledger) -> None:
    mailing = sending.begin(ledger, 1, new(body="Newer"))
    with ledger.transaction():
        ledger.write("UPDATE messages SET number = '+46700000000' WHERE mailing = ?", mailing.id)
    assert purge_before(ledger).protocol.mailings == 1
    must_be_found(ledger, "+46700000000")


@pytest.mark.parametrize("younger", [f"{TEXT}, och vinden", f"Igen: {TEXT}"])
def test_a_text_that_is_a_piece_of_a_newer_one_is_no_fault(younger: str, sent: int, ledger: Ledger) -> None:
    send_at(ledger, NOW, younger)
    assert purge_before(ledger).protocol.mailings == 1
    must_be_found(ledger, TEXT, younger)


@pytest.mark.parametrize("body", ["ok", "sent", "mailings", "municipality"])
def test_a_text_of_words_that_the_ledger_itself_uses_is_no_fault(body: str, ledger: Ledger) -> None:
    sending.activate(ledger, moment=OLD)
    send_at(ledger, OLD, body)
    assert purge_before(ledger).protocol.mailings == 1


def test_what_other_people_wrote_of_a_number_is_no_fault(sent: int, ledger: Ledger) -> None:
    with ledger.transaction():
        audit.record(ledger, NOW, ACTOR, "resolve", "mailing 9", reason="+46700000000 called")
        ledger.write(
            "INSERT INTO inbox (id, at, gateway, vendor_id, sender, receiver, body, keyword, told_at,"
            " kind) VALUES (1, ?, 'intelecom', '', '+46701740611', '72000', ?, '', '', 'ours')",
            NOW.at,
            f"You wrote: {TEXT}. Call my son on +46700000001",
        )
    assert purge_before(ledger).protocol.mailings == 1


def test_a_text_that_two_cells_of_a_row_make_together_is_no_fault(ledger: Ledger) -> None:
    sending.activate(ledger, moment=OLD)
    younger = send_at(ledger, NOW, "School is closed")
    ((its_hash,),) = ledger.rows("SELECT body_hash FROM mailings WHERE id = ?", younger)
    send_at(ledger, OLD, f"School is closed{its_hash[:2]}")  # in the file, the hash stands after the text
    assert purge_before(ledger).protocol.mailings == 1


def test_what_is_looked_for_after_a_removal_is_of_that_mailing_alone(ledger: Ledger) -> None:
    sending.activate(ledger)
    _, second = (sending.begin(ledger, 2, new(body=body)) for body in ("One", "Two"))
    with ledger.transaction():
        ledger.write("UPDATE messages SET number = '+46700000077' WHERE mailing = ?", second.id)
    assert set(purging.sample(ledger, second)) == {"+46700000077", "Two"}


@pytest.mark.of_a_file
def test_what_is_left_in_free_room_of_the_file_is_a_fault(ledger: Ledger) -> None:
    assert not searching.remnants(ledger, [TEXT])
    with ledger.path.open("ab") as file:
        file.write(TEXT.encode())
    assert searching.remnants(ledger, [TEXT, "Something else"]) == {TEXT}


def test_the_same_text_still_reaches_nobody_twice(sent: int, ledger: Ledger) -> None:
    body_hash = mailings.body_hash(TEXT)
    before = repeats.already_sent(ledger, body_hash, OLD)
    purge_before(ledger, moment=on("2026-08-02", "03:59:00.000"))
    after = repeats.already_sent(ledger, body_hash, OLD)
    for reached in (before, after):
        assert reached
        assert "+46700000001" in reached
        assert "+46701740699" not in reached
        assert 46700000001 in reached.quickest
        assert 46701740699 not in reached.quickest
    keyfile.path_of(ledger.path).unlink()
    with pytest.raises(Exception, match="the ledger's key is missing"):
        repeats.already_sent(ledger, body_hash, OLD)


def hashes(ledger: Ledger) -> int:
    row = ledger.one("SELECT COUNT(number_hash) FROM messages")
    return int(row[0]) if row else 0


def test_a_hash_stays_no_longer_than_somebody_must_be_known_by_it(sent: int, ledger: Ledger) -> None:
    """A hash too tells which text a number got: whoever has number and key finds it."""
    within, after = on("2026-08-02", "03:59:00.000"), on("2026-08-02", "04:01:00.000")
    purge_before(ledger, moment=within)
    assert (hashes(ledger), purging.due(ledger, TODAY, OURS, within).is_nothing) == (3, True)
    assert purging.due(ledger, TODAY, OURS, after).hashes == 3
    assert purge_before(ledger, moment=after).protocol.hashes == 3
    assert (hashes(ledger), purging.due(ledger, TODAY, OURS, after).is_nothing) == (0, True)
    assert not checking.check(ledger)


def test_what_is_older_than_the_rule_against_repeats_leaves_no_hash(sent: int, ledger: Ledger) -> None:
    purge_before(ledger)
    assert hashes(ledger) == 0
    assert not keyfile.path_of(ledger.path).exists()


@pytest.mark.parametrize(("hours", "left"), [(19, 3), (21, 0)])
def test_a_hash_stays_as_long_as_the_clock_that_nobody_sets_counts(
    hours: float, left: int, sent: int, ledger: Ledger
) -> None:
    with ledger.transaction():
        ledger.write("UPDATE batches SET boot = 'a', boot_s = 60")
    purge_before(ledger, moment=NOW._replace(up=Uptime(boot="a", s=61)))
    assert hashes(ledger) == 3
    purge_before(ledger, moment=NOW._replace(up=Uptime(boot="a", s=60 + 3600 * hours)))
    assert hashes(ledger) == left


def test_a_hash_of_what_the_gateway_holds_stays_until_it_has_arrived(sent: int, ledger: Ledger) -> None:
    with ledger.transaction():
        ledger.write("UPDATE mailings SET send_at = '2026-08-07T08:00:00+02:00'")
    purge_before(ledger, moment=on("2026-08-08", "01:59:00.000"))
    assert hashes(ledger) == 3
    purge_before(ledger, moment=on("2026-08-08", "02:01:00.000"))
    assert hashes(ledger) == 0


def test_the_block_list_keeps_its_own_hashes(sent: int, ledger: Ledger) -> None:
    with ledger.transaction():
        blocklist.add(ledger, ["+46700000001"], OLD, ACTOR, "asked")
    purge_before(ledger)
    assert hashes(ledger) == 0
    assert blocklist.among(ledger, ["+46700000001"], None) == {"+46700000001"}


def test_a_report_that_comes_afterwards_brings_nothing_back(sent: int, ledger: Ledger) -> None:
    """The mailing is purged once: what is written on it then would stay for ever."""
    mailing = mailings.get(ledger, sent)
    purge_before(ledger)
    told = Report(
        "intelecom",
        CodeMeaning(Status.FAILED),
        code="7",
        reference=f"{mailing.reference}-1",
        gateway_id="id-9",
        text="Bo moved",
    )
    with ledger.transaction():
        taken = reports.take(ledger, told, ReportIntake(IntakeSource.PUSHED, OLD, timedelta(hours=72)))
    assert taken is ReportFate.APPLIED
    found = ledger.one("SELECT state, answer, gateway_id FROM messages WHERE id = ?", mailing.first_message)
    assert found == ("failed", None, None)


def test_what_came_in_goes_with_it(sent: int, ledger: Ledger) -> None:
    with ledger.transaction():
        for at, body in ((OLD.at, "An old answer"), (NOW.at, "A new answer")):
            ledger.write(
                "INSERT INTO inbox (id, at, gateway, vendor_id, sender, receiver, body, keyword, told_at,"
                " kind) VALUES (?, ?, 'intelecom', '', '+46701740611', '72000', ?, '', '', 'ours')",
                len(body),
                at,
                body,
            )
    assert purging.due(ledger, TODAY, OURS, NOW).incoming == 1
    assert purging.due(ledger, OLD.at, OURS, NOW).incoming == 0  # what came in at the very moment stays
    assert purge_before(ledger).protocol.incoming == 1
    assert [body for (body,) in ledger.rows("SELECT body FROM inbox")] == ["A new answer"]
    assert [one.hashes for one in purging.protocols(ledger)] == [0]
    left = {"A new answer"} if ledger.engine.inspection().files() else set()
    assert searching.found_in_file(ledger, ["An old answer", "A new answer"]) == left


def test_of_reports_that_fit_nothing_those_from_before_are_told_and_go(ledger: Ledger) -> None:
    forged = Report("intelecom", CodeMeaning(Status.DELIVERED), code="0", reference="0000000000-1")
    with ledger.transaction():
        reports.take(ledger, forged, ReportIntake(IntakeSource.PUSHED, OLD, timedelta(hours=72)))
    assert (
        purging.due(ledger, OLD.at, OURS, NOW).reports,
        purging.due(ledger, TODAY, OURS, NOW).reports,
    ) == (0, 1)
    assert purge_before(ledger, OLD.at).protocol.reports == 0
    assert purge_before(ledger).protocol.reports == 1


def test_what_was_looked_for_in_the_file_is_no_longer_told(ledger: Ledger) -> None:
    sending.activate(ledger)
    made_of = new()._replace(audience=AudienceRule(groups=("guardians",), where="namn=åsa öberg; klass=7b"))
    mailing = sending.begin(ledger, 1, made_of, OLD)
    sending.settle(ledger, mailing, sending.claim(ledger, mailing, moment=OLD), moment=OLD)
    purge_before(ledger)
    assert str(mailings.get(ledger, mailing.id).audience) == "guardians; namn=…; klass=…"
    assert not searching.found_in_file(ledger, ["åsa öberg"])


@pytest.mark.of_a_file
@pytest.mark.parametrize("before", [1, 3, 5])
def test_a_text_across_two_pieces_of_the_file_is_found(before: int, ledger: Ledger) -> None:
    whole = ledger.path.read_bytes()
    ledger.path.write_bytes(whole + bytes((1 << 22) - len(whole) - before) + b"needle")
    assert searching.found_in_file(ledger, ["needle", "hay"]) == {"needle"}


CITY = TOWN._replace(key="city", name="City")
CITYS = Reach(municipalities=frozenset({"city"}), strays=False)


@pytest.fixture
def both(sent: int, ledger: Ledger) -> tuple[int, int]:
    """A mailing of the town and one of the city, of the same day, and what came in then."""
    sending.activate(ledger, CITY, OLD)
    mailing = sending.begin(ledger, 2, new(body="Till staden", municipality=CITY), OLD)
    sending.settle(ledger, mailing, sending.claim(ledger, mailing, moment=OLD), moment=OLD)
    with ledger.transaction():
        ledger.write(
            "INSERT INTO inbox (id, at, gateway, vendor_id, sender, receiver, body, keyword, told_at,"
            " kind) VALUES (1, ?, 'intelecom', '', '+46701740611', '72000', 'Tack', '', '', 'ours')",
            OLD.at,
        )
        for reference, fate, message in (
            ("a", "unmatched", None),
            ("b", "contradicts", mailing.first_message),
        ):
            ledger.write(
                "INSERT INTO reports (id, at, source, gateway, reference, gateway_id, number, state, code,"
                " answer, told_at, fate, message)"
                " VALUES (?, ?, 'pushed', 'intelecom', ?, '', '', 'failed', '7', '', '', ?, ?)",
                ord(reference),
                OLD.at,
                reference,
                fate,
                message,
            )
    return sent, mailing.id


def test_a_decision_reaches_no_other_municipality(both: tuple[int, int], ledger: Ledger) -> None:
    town, city = both
    done = purge_of(ledger, CITYS)
    assert (done.due.mailings, done.protocol.municipalities) == ((city,), ("city",))
    assert (done.protocol.incoming, done.protocol.reports) == (0, 1)
    assert mailings.get(ledger, town).letter.text.body == TEXT
    assert not mailings.get(ledger, city).letter.text.body
    assert ledger.rows("SELECT reference FROM reports") == [("a",)]
    rest = purge_of(ledger, OURS)
    assert (rest.due.mailings, rest.protocol.municipalities) == ((town,), ("town",))
    assert (rest.protocol.incoming, rest.protocol.reports) == (1, 1)


def test_nor_the_hashes_of_another(both: tuple[int, int], ledger: Ledger) -> None:
    within, after = on("2026-08-02", "03:59:00.000"), on("2026-08-02", "04:01:00.000")
    for reach in (OURS, CITYS):
        purge_of(ledger, reach, within)
    assert hashes(ledger) == 5
    assert purging.due(ledger, TODAY, CITYS, after).hashes == 2
    assert purge_of(ledger, CITYS, after).protocol.hashes == 2
    assert hashes(ledger) == 3


def test_a_municipality_that_the_config_forgot_is_named(both: tuple[int, int], ledger: Ledger) -> None:
    assert purging.of_nobody_known(ledger, ["town"]) == ("city",)
    purge_of(ledger, CITYS, on("2026-08-02", "03:59:00.000"))
    assert purging.of_nobody_known(ledger, ["town"]) == ("city",)  # for the hashes that it left
    purge_of(ledger, CITYS)
    assert purging.of_nobody_known(ledger, ["town"]) == ()


def test_a_mark_of_what_another_has_removed_since_stays(ledger: Ledger) -> None:
    """Two purge at once: one that ends must not vouch for what the other is still removing."""
    with ledger.transaction():
        purging.mark(ledger, "1")
    seen = purging.unfinished(ledger)
    with ledger.transaction():
        purging.mark(ledger, "1")
        purging.finish(ledger, seen)
    assert purging.unfinished(ledger)
