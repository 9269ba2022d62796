"""How many frames may come, in the long run and at once."""

from twisted.internet.task import Clock

from turngate.net.limits import Limits
from turngate.net.pace import Bucket, Pace


def taken(bucket: Bucket, wanted: int) -> int:
    """How many of those that are wanted may be taken."""
    return sum(bucket.take() for _ in range(wanted))


def test_bucket_holds_ten_seconds_worth_and_fills_up_again() -> None:
    """No more than it holds, however long nothing is taken."""
    clock = Clock()
    bucket = Bucket(2.0, clock.seconds)
    assert taken(bucket, 100) == 20
    clock.advance(0.4)
    assert taken(bucket, 100) == 0
    clock.advance(0.1)
    assert taken(bucket, 100) == 1
    clock.advance(1000)
    assert taken(bucket, 100) == 20


def test_bucket_lasts_for_ever_at_its_rate() -> None:
    """What is within the rate is never refused."""
    clock = Clock()
    bucket = Bucket(2.0, clock.seconds)
    assert taken(bucket, 20) == 20
    for _ in range(1000):
        clock.advance(0.5)
        assert bucket.take()


def test_pace_counts_control_frames_twice() -> None:
    """They are few, and cannot be used to go round the count of all."""
    clock = Clock()
    pace = Pace(Limits(client_max_frames_per_s=2, client_max_control_frames_per_s=1), clock.seconds)
    assert [pace.allows(is_control=True) for _ in range(11)] == [True] * 10 + [False]
    assert [pace.allows(is_control=False) for _ in range(10)] == [True] * 9 + [False]
