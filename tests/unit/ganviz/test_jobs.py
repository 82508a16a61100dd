import pytest

from ganviz.jobs import Offload, Progress, run


def test_a_job_reports_progress_and_returns_its_result() -> None:
    def count():
        for done in range(3):
            yield Progress(done, 3)
        return "done"

    seen: list[Progress] = []
    assert run(count(), seen.append) == "done"
    assert [step.done for step in seen] == [0, 1, 2]


def test_offloads_answer_with_their_result_or_raise_where_they_were_yielded() -> None:
    def divide():
        total = yield Offload(divmod, (7, 2))
        try:
            yield Offload(divmod, (1, 0))
        except ZeroDivisionError:
            return total
        return None

    assert run(divide()) == (3, 1)


def test_clean_up_runs_when_a_job_fails_or_is_interrupted() -> None:
    cleaned = []

    def job():
        try:
            yield Progress(0, 1)
            raise ValueError("broken")
        finally:
            cleaned.append(True)

    with pytest.raises(ValueError, match="broken"):
        run(job())

    def interrupt(_: Progress) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run(job(), interrupt)
    assert cleaned == [True, True]
