"""Equal questions are computed once, also when asked at the same time."""

import time
from concurrent.futures import CancelledError, ThreadPoolExecutor
from threading import Barrier, Event

import pytest

from workflows.home.shared_results import SharedResults, computed_once


def test_those_who_ask_at_once_share_one_answer() -> None:
    answers: SharedResults[object] = SharedResults(4)
    began, go_on, computed = Barrier(9), Event(), []

    def compute() -> object:
        go_on.wait(30)
        computed.append(1)
        return object()

    def asks() -> object:
        began.wait(30)
        return answers.get("question", compute)

    with ThreadPoolExecutor(8) as pool:
        waiting = [pool.submit(asks) for _ in range(8)]
        began.wait(30)
        go_on.set()
        assert len({id(one.result(30)) for one in waiting}) == 1
    assert len(computed) == 1


def test_an_error_is_told_and_not_kept() -> None:
    answers: SharedResults[int] = SharedResults(4)

    def fails() -> int:
        raise ValueError

    with pytest.raises(ValueError):  # noqa: PT011 - it carries nothing to match
        answers.get("a", fails)
    assert answers.get("a", lambda: 7) == 7


def test_who_is_broken_off_breaks_off_nobody_else() -> None:
    """A page is broken off by an exception of Streamlit's that is no Exception."""
    answers: SharedResults[int] = SharedResults(4)
    began, go_on = Event(), Event()

    def broken_off() -> int:
        began.set()
        go_on.wait(30)
        raise KeyboardInterrupt

    with ThreadPoolExecutor(2) as pool:
        first = pool.submit(answers.get, "a", broken_off)
        assert began.wait(30)
        second = pool.submit(answers.get, "a", lambda: 7)
        time.sleep(0.1)  # it waits by now
        go_on.set()
        assert second.result(30) == 7
        with pytest.raises(KeyboardInterrupt):
            first.result(30)


def test_what_a_computation_itself_calls_off_is_its_error() -> None:
    answers: SharedResults[int] = SharedResults(4)

    def called_off() -> int:
        raise CancelledError

    with pytest.raises(CancelledError):
        answers.get("a", called_off)


def test_what_is_not_true_any_more_is_forgotten_but_not_what_took_its_place() -> None:
    answers: SharedResults[int] = SharedResults(4)
    answers.get("a", lambda: 1)
    answers.forget("a", 1)
    assert answers.get("a", lambda: 2) == 2
    answers.forget("a", 1)
    assert answers.get("a", lambda: 3) == 2


def test_only_the_last_are_kept() -> None:
    answers: SharedResults[int] = SharedResults(2)
    for key in ("a", "b", "a", "c"):  # b was asked for longest ago
        answers.get(key, lambda key=key: ord(key))
    assert answers.get("a", lambda: -1) == ord("a")
    assert answers.get("b", lambda: -1) == -1


def test_a_function_is_computed_once_for_all_who_ask_meanwhile() -> None:
    begun = []

    @computed_once(2)
    def doubled(number: int, *, slowly: bool = True) -> int:
        begun.append(number)
        time.sleep(0.1 if slowly else 0)
        if number < 0:
            raise ValueError("negative")
        return 2 * number

    with ThreadPoolExecutor(8) as pool:
        assert set(pool.map(doubled, [4] * 8)) == {8}
    assert begun == [4]
    for _ in range(2):  # an error is not kept
        with pytest.raises(ValueError, match="negative"):
            doubled(-1)
    assert begun == [4, -1, -1]
    doubled.cache_clear()
    assert doubled(4, slowly=False) == 8
    assert begun == [4, -1, -1, 4]
