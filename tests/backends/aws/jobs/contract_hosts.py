"""What everything does that keeps what machines say. Subclasses give the fixture `hosts`."""

from __future__ import annotations

from backends.aws.jobs.protocol import Host, HostStore
from tests.backends.aws.jobs.contract import NOW

UP = Host("worker", state="up", beat_at=NOW, running=3, model="gpt2", version="1.2")


class HostsContract:
    def test_of_one_that_never_spoke_nothing_is_known(self, hosts: HostStore) -> None:
        assert hosts.host("worker") == Host("worker")

    def test_it_says_how_it_is(self, hosts: HostStore) -> None:
        assert hosts.beat(UP) == UP == hosts.host("worker")
        later = Host("worker", state="up", beat_at=NOW + 5.25, running=0)
        assert hosts.beat(later) == later == hosts.host("worker")
        assert hosts.host("other") == Host("other")

    def test_calls_are_counted_before_it_ever_spoke(self, hosts: HostStore) -> None:
        assert [hosts.call("worker").wake for _ in range(3)] == [1, 2, 3]
        assert hosts.host("worker") == Host("worker", wake=3)

    def test_a_beat_takes_no_call_back(self, hosts: HostStore) -> None:
        said = hosts.beat(UP)
        assert hosts.call("worker").wake == 1
        assert hosts.beat(said).wake == 1

    def test_who_calls_learns_how_it_is(self, hosts: HostStore) -> None:
        hosts.beat(UP)
        called = hosts.call("worker")
        assert (called.state, called.beat_at, called.model) == ("up", NOW, "gpt2")

    def test_it_goes_if_nobody_called(self, hosts: HostStore) -> None:
        seen = hosts.beat(UP)
        assert hosts.drain(seen, NOW + 1)
        gone = hosts.host("worker")
        assert (gone.state, gone.beat_at, gone.wake) == ("draining", NOW + 1, 0)
        assert hosts.call("worker").state == "draining"

    def test_it_stays_if_somebody_called(self, hosts: HostStore) -> None:
        for wake in range(2):
            seen = hosts.beat(UP)
            assert seen.wake == wake
            hosts.call("worker")
            assert not hosts.drain(seen, NOW + 1)
            assert hosts.host("worker").state == "up"
        assert hosts.drain(hosts.host("worker"), NOW + 2)

    def test_only_one_that_is_up_goes(self, hosts: HostStore) -> None:
        assert not hosts.drain(Host("worker"), NOW)
        hosts.beat(Host("worker", state="draining", beat_at=NOW))
        assert not hosts.drain(hosts.host("worker"), NOW + 1)
