"""What the gateway's own batch list proves of a batch whose answer was lost: the whole way, over sockets."""

from pathlib import Path

from smsctl.simulator.faults import Fault
from smsctl.simulator.server import Behaviour

from ..conftest import LiveGateway
from ..front_door import Ran, Run
from .conftest import guardians
from .quiet import ALL_DAY

LOST = Behaviour(faults={Fault.RESET: 1.0}, throttle_s=600)
FOUR = guardians(4)
NO_PACKAGES = {"exempelkommun": {"package_size": None, "package_price": None}}


def send(config: Path, message: Path, run: Run, *flags: str) -> Ran:
    return run("--config", config, "send", message, "--all", "--yes", "--max-parts", 9, *flags)


def test_a_batch_that_the_list_holds_entirely_was_accepted(
    live_gateway: LiveGateway, message: Path, run: Run
) -> None:
    live = live_gateway(LOST, rows=FOUR, municipalities=NO_PACKAGES)
    ran = send(live.config, message, run, "--json")
    assert (ran.code, ran.data["outcome"]) == (0, {"accepted": 4})


def test_a_batch_of_which_the_gateway_refused_some_stays_unknown(
    live_gateway: LiveGateway, message: Path, run: Run
) -> None:
    some_refused = Behaviour(faults={Fault.RESET: 1.0}, throttle_s=600, internal_error_share=0.5)
    live = live_gateway(some_refused, rows=FOUR, municipalities=NO_PACKAGES)
    ran = send(live.config, message, run)
    taken = len(live.simulator.accepted())
    assert 0 < taken < len(FOUR)
    assert ran.code == 4
    assert "4 unknown" in ran.said
    assert f"The gateway's list holds {taken} of the 4 messages of batch " in ran.err


def test_resume_asks_the_list_though_nothing_is_pending_and_also_in_quiet_hours(
    live_gateway: LiveGateway, message: Path, run: Run
) -> None:
    live = live_gateway(
        LOST,
        rows=FOUR,
        municipalities=NO_PACKAGES,
        limits={"quiet_hours": ALL_DAY},
        gateway={"management_path": "/nowhere/{service_id}"},
    )
    assert send(live.config, message, run, "--urgent", "--reason", "storm").code == 4
    resume = ("--config", live.config, "mailings", "resume", 1, "--json")
    assert (run(*resume).code, run(*resume).data["outcome"]) == (4, {"unknown": 4})
    found = live.config.read_text().replace("/nowhere/{service_id}", "/mgmt/rs/service/{service_id}")
    live.config.write_text(found, encoding="utf-8")
    ran = run(*resume)
    assert (ran.code, ran.data["outcome"]) == (0, {"accepted": 4})
    assert len(live.simulator.accepted()) == len(FOUR)
