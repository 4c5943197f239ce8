"""The courier's threads: every body handed over comes back as a delivery."""

import threading

import pytest

from mmsbatch.gateway.exchange import Answered, Lost
from mmsbatch.sending.courier import Courier, Delivery

PATIENCE = 30.0


@pytest.fixture
def hire():
    couriers = []

    def make(post, threads=1):
        couriers.append(Courier(post, threads))
        return couriers[-1]

    yield make
    for courier in couriers:
        courier.close()


def echo(body):
    return Answered(200, body)


def test_each_body_comes_back_for_its_chunk(hire):
    courier = hire(echo, threads=3)
    for chunk in ("1-1", "1-2", "1-3", "1-4"):
        courier.send(chunk, chunk.encode())
    found = sorted((courier.wait(PATIENCE) for _ in range(4)), key=lambda each: each.chunk)
    assert found == [Delivery(chunk, Answered(200, chunk.encode())) for chunk in ("1-1", "1-2", "1-3", "1-4")]


def test_a_client_that_fails_leaves_doubt_and_no_word_of_the_error(hire):
    def post(body):
        raise ValueError("33639980012")

    courier = hire(post)
    courier.send("1-1", b"")
    assert courier.wait(PATIENCE) == Delivery("1-1", Lost("the client failed: ValueError"))


def test_waiting_ends_with_its_time_or_a_wake(hire):
    courier = hire(echo)
    assert courier.wait(0) is None
    assert courier.wait(-5) is None
    courier.wake()
    assert courier.wait(PATIENCE) is None


def test_as_many_are_under_way_as_there_are_threads(hire):
    together = threading.Barrier(2, timeout=PATIENCE)

    def post(body):
        together.wait()
        return Answered(200, b"")

    courier = hire(post, threads=2)
    courier.send("1-1", b"")
    courier.send("1-2", b"")
    assert {courier.wait(PATIENCE).chunk, courier.wait(PATIENCE).chunk} == {"1-1", "1-2"}


def test_what_is_here_already_is_given_wakes_left_out(hire):
    posted = threading.Semaphore(0)

    def post(body):
        posted.release()
        return Answered(200, body)

    courier = hire(post)
    courier.wake()
    for chunk in ("1-1", "1-2", "1-3"):
        courier.send(chunk, b"")
    for _ in range(3):
        assert posted.acquire(timeout=PATIENCE)  # the first two were delivered before the third was taken up
    courier.wake()
    assert [each.chunk for each in courier.arrived()][:2] == ["1-1", "1-2"]


def test_closing_lets_the_threads_end():
    courier = Courier(echo, 2)
    courier.close()
    for thread in courier._threads:
        thread.join(PATIENCE)
        assert not thread.is_alive()


def test_threads_left_behind_do_not_keep_the_process():
    courier = Courier(echo, 1)
    assert all(thread.daemon for thread in courier._threads)
    courier.close()
