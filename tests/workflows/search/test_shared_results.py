"""Equal questions are computed once, also when asked at the same time."""

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier, Event

import pytest

from workflows.search.shared_results import SharedResults


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


def test_only_the_last_are_kept() -> None:
    answers: SharedResults[int] = SharedResults(2)
    for key in ("a", "b", "a", "c"):  # b was asked for longest ago
        answers.get(key, lambda key=key: ord(key))
    assert answers.get("a", lambda: -1) == ord("a")
    assert answers.get("b", lambda: -1) == -1
