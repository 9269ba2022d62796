"""What clients use, over the whole proxy: counted, capped, and refused when it is used up."""

import pytest
import pytest_twisted
from proxy_rig import Rig

from turngate.proxy.ledger import Caps
from turngate.session.prices import PriceList, Prices

ONE = PriceList("gpt-realtime", Prices(text_in=1e6, audio_in=1e6, text_out=1e6, audio_out=1e6))
"""A token costs one."""


@pytest.mark.row(48)
@pytest_twisted.ensureDeferred
async def test_client_whose_day_is_used_up_is_ended_and_not_let_in_again(rigs):
    """By one answer: of the session that it was for, and of the other one; the next is refused before the upgrade."""
    rig: Rig = await rigs(day_caps=Caps(cost=1.0), prices=ONE)
    talker, listener = await rig.talking(), await rig.talking()
    talker.say("InjectUserMessage", content="hello")
    for client in (talker, listener):
        error = await client.until("Error")
        assert "USAGE_LIMIT_REACHED" == error["code"]
        assert "after midnight UTC" in error["description"]
        closed = await client.until_closed()
        assert 1008 == closed.code
    await rig.gone()
    assert "ConversationText" in talker.kinds
    (row,) = rig.ledger.days[rig.ledger.today].values()
    assert (2, float(row.tokens)) == (row.sessions, pytest.approx(row.cost))
    assert row.tokens > 1
    with pytest.raises(Exception, match="429"):
        await rig.connect()
    assert {429: 1} == rig.listener.refusals


@pytest.mark.row(48)
@pytest_twisted.ensureDeferred
async def test_session_that_has_used_its_tokens_ends_with_its_answer_and_may_be_begun_again(rigs):
    """The client is sent all of the answer, its sound too; what it asks for meanwhile is asked of nobody."""
    rig: Rig = await rigs(session_caps=Caps(tokens=1))
    first = await rig.talking()
    first.say("InjectUserMessage", content="hello")
    first.say("InjectUserMessage", content="and?")
    error = await first.until("Error")
    assert "Connect again to go on" in error["description"]
    assert 1008 == (await first.until_closed()).code
    assert ["audio"] == [kind for kind in first.kinds if kind == "audio"]
    await rig.gone()
    assert 1 == len(rig.upstream_frames("response.create"))
    await rig.talking()
