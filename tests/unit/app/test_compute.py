import gc
import shutil
import threading
import weakref
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from app.compute import Compute
from app.thumbnails import THUMBNAIL, thumbnail_of
from ganviz import places
from ganviz.checkpoint import read_header
from ganviz.errors import GanvizError
from ganviz.expression import Seed
from ganviz.jobs import Offload, Progress
from ganviz.paces import read
from ganviz.recipe import Recipe
from ganviz.render import Renderer


@pytest.fixture
def compute(qtbot) -> Iterator[Compute]:
    compute = Compute(device="cpu")
    with qtbot.waitSignal(compute.started, timeout=60_000):
        compute.start()
    yield compute
    compute.stop()


@pytest.fixture
def recipe(compute: Compute, qtbot, tiny_checkpoint: Path) -> Recipe:
    with qtbot.waitSignal(compute.model_opened) as opened:
        compute.open_model(tiny_checkpoint)
    return Recipe(opened.args[0].ref)


def test_a_requested_recipe_comes_back_as_a_frame(compute: Compute, recipe: Recipe, qtbot) -> None:
    with qtbot.waitSignal(compute.frame_ready) as ready:
        compute.request(recipe)
    assert ready.args[0].recipe == recipe


def test_what_is_kept_for_the_next_picture_is_given_back_at_rest_once(
    compute: Compute, recipe: Recipe, qtbot, monkeypatch
) -> None:
    given: list[str] = []
    monkeypatch.setattr("app.compute_thread.give_back", lambda: given.append(threading.current_thread().name))
    frames = []
    compute.frame_ready.connect(frames.append)
    for seed, seconds, times in ((0, 1e6, 0), (1, 0.0, 1), (2, 0.0, 2)):
        monkeypatch.setattr("app.compute_thread.REST_S", seconds)
        compute.request(recipe.edit(latent=Seed(seed)))
        qtbot.waitUntil(lambda seed=seed, times=times: len(frames) > seed and compute.is_idle and len(given) == times)
    qtbot.wait(50)
    assert given == ["compute"] * 2 and compute.is_idle


def test_of_a_burst_the_last_one_is_drawn_and_most_are_not(compute: Compute, recipe: Recipe, qtbot) -> None:
    frames = []
    compute.frame_ready.connect(frames.append)
    for seed in range(1000):
        compute.request(recipe.edit(latent=Seed(seed)))
    qtbot.waitUntil(lambda: bool(frames) and frames[-1].recipe.latent == Seed(999), timeout=10_000)
    assert len(frames) < 500


@pytest.fixture
def slow(compute: Compute, qtbot, tiny_stylegan2: Path, monkeypatch) -> Recipe:
    """A recipe of a model that is given no time, so that previews are drawn."""
    from ganviz import drawing, readout

    compute.set_frame_time(0.0)
    monkeypatch.setattr(readout, "LEAST", 4)
    monkeypatch.setattr(drawing, "BETTER_S", 60.0)
    with qtbot.waitSignal(compute.model_opened) as opened:
        compute.open_model(tiny_stylegan2)
    return Recipe(opened.args[0].ref)


def test_a_picture_that_takes_long_is_first_shown_as_a_preview(compute: Compute, slow: Recipe, qtbot) -> None:
    frames = []
    compute.frame_ready.connect(frames.append)
    compute.request(slow)
    qtbot.waitUntil(lambda: compute.is_idle and len(frames) >= 2)
    assert [(frame.recipe, frame.exact) for frame in frames] == [(slow, False), (slow, True)]


def test_without_a_frame_time_nothing_but_exact_pictures_is_shown_from_the_next_one_on(
    compute: Compute, slow: Recipe, qtbot, monkeypatch
) -> None:
    monkeypatch.setattr("app.movement.MOVING_S", 1e6)
    frames = []
    compute.frame_ready.connect(frames.append)
    for count, (seconds, shown) in enumerate([(None, [True]), (0.0, [False, True]), (None, [True])]):
        frames.clear()
        compute.set_frame_time(seconds)
        compute.request(slow.edit(latent=Seed(count)))
        qtbot.waitUntil(lambda: compute.is_idle and bool(frames) and frames[-1].exact)
        assert [frame.exact for frame in frames] == shown


def test_while_a_control_moves_its_previews_are_not_refined_and_the_last_one_is(
    compute: Compute, slow: Recipe, qtbot, monkeypatch
) -> None:
    for name in ("MOVING_S", "HOLD_S", "GAPS"):
        monkeypatch.setattr(f"app.movement.{name}", 1e6)  # however slow this machine is
    frames = []
    compute.frame_ready.connect(frames.append)
    for seed in range(20):
        compute.request(slow.edit(latent=Seed(seed)))
        qtbot.waitUntil(lambda seed=seed: bool(frames) and frames[-1].recipe.latent == Seed(seed))
        assert seed == 0 or not compute.is_idle
    assert not any(frame.exact for frame in frames if frame.recipe.latent != Seed(0)), "the first one is no movement"
    monkeypatch.setattr("app.movement.HOLD_S", 0.0)
    compute.request(slow)
    qtbot.waitUntil(lambda: frames[-1].exact and compute.is_idle)
    assert frames[-1].recipe == slow


def test_a_newer_edit_goes_before_the_next_stage_of_a_refinement(
    compute: Compute, slow: Recipe, qtbot, monkeypatch
) -> None:
    from ganviz.models.stylegan2 import Generator

    step, steps = Generator.step, []
    newer = slow.edit(latent=Seed(1))

    def step_and_edit(self, k, *arguments):
        steps.append(k)
        if steps == [0, 1, 2]:
            compute.request(newer)
        return step(self, k, *arguments)

    frames = []
    compute.frame_ready.connect(frames.append)
    monkeypatch.setattr(Generator, "step", step_and_edit)
    compute.request(slow)
    qtbot.waitUntil(lambda: bool(frames) and frames[-1].exact)
    assert steps == [0, 1, 2, 0, 1, 2, 3, 4], "given up after the stage during which the edit came"
    assert [frame.recipe for frame in frames] == [slow, newer, newer]


def test_what_cannot_be_shown_soon_gives_way_once_but_not_for_ever(
    compute: Compute, recipe: Recipe, qtbot, monkeypatch
) -> None:
    from ganviz.models.dcgan import Generator

    compute.set_frame_time(0.0)
    step, steps = Generator.step, []

    def step_and_edit(self, k, *arguments):
        steps.append(k)
        if len(steps) < 30:
            compute.request(recipe.edit(latent=Seed(len(steps))))  # a control that never rests
        return step(self, k, *arguments)

    frames = []
    compute.frame_ready.connect(frames.append)
    monkeypatch.setattr(Generator, "step", step_and_edit)
    compute.request(recipe)
    qtbot.waitUntil(lambda: bool(frames) and frames[-1].recipe.latent == Seed(29) and frames[-1].exact)
    assert steps[:6] == [0, 0, 1, 2, 0, 0], "the first is given up, the second is shown"


def test_a_thumbnail_that_takes_long_is_put_by_for_a_picture(compute: Compute, slow: Recipe, qtbot, monkeypatch):
    from ganviz.models.stylegan2 import Generator

    step, steps = Generator.step, []
    small = slow.edit(latent=Seed(1))

    def step_and_edit(self, k, *arguments):
        steps.append(k)
        if steps == [0, 1]:
            compute.request(slow)
        return step(self, k, *arguments)

    monkeypatch.setattr(Generator, "step", step_and_edit)
    monkeypatch.setattr("app.thumbnails.THUMBNAILS_S", 0.0)  # none is quick enough to be drawn in one go
    said = []
    compute.frame_ready.connect(lambda frame: said.append(frame.exact))
    compute.thumbnail_ready.connect(lambda recipe, pixels: said.append(recipe))
    compute.want_thumbnails("strip", [small])
    qtbot.waitUntil(lambda: len(said) == 3)
    assert said == [False, True, small] and steps == [0, 1, 0, 1, 2, 3, 4, 2, 3, 4]


def test_no_two_threads_run_a_network_at_once(compute: Compute, recipe: Recipe, qtbot, monkeypatch) -> None:
    from ganviz.models.dcgan import Generator

    step, threads, inside, overlaps = Generator.step, set(), [], []

    def watched(self, k, *arguments):
        threads.add(threading.current_thread().name)
        overlaps.extend(inside)
        inside.append(k)
        try:
            return step(self, k, *arguments)
        finally:
            inside.remove(k)

    def job(renderer):
        for k in range(20):
            yield Offload(lambda: None)
            renderer.render_all([recipe.edit(latent=Seed(k))] * 3)
            yield Progress(k, 20)

    monkeypatch.setattr(Generator, "step", watched)
    asked, thumbnails = [], []
    compute.thumbnail_ready.connect(lambda recipe, pixels: thumbnails.append(recipe))
    compute.start_job(job)
    compute.want_thumbnails("strip", [recipe.edit(latent=Seed(k)) for k in range(100, 140)])
    for k in range(200):
        compute.request(recipe.edit(latent=Seed(k)))
        if k % 20 == 0:
            compute.ask(lambda renderer, k=k: renderer.render(recipe.edit(latent=Seed(k))), asked.append)
    qtbot.waitUntil(lambda: compute.is_idle and not compute.job_running and len(asked) == 10 and len(thumbnails) == 40)
    assert threads == {"compute"} and not overlaps


def test_previews_get_better_when_there_is_nothing_else_to_do(
    compute: Compute, recipe: Recipe, qtbot, monkeypatch
) -> None:
    compute.set_frame_time(0.0)
    monkeypatch.setattr("app.live_picture.IDLE_S", 0.0)
    monkeypatch.setattr("ganviz.readout.LEAST", 4)
    with qtbot.waitSignal(compute.model_opened) as opened:
        compute.open_model(places.resources() / "models" / "fashion-dcgan.safetensors")
    fashion = Recipe(opened.args[0].ref)
    compute.request(fashion)
    frames = []
    compute.frame_ready.connect(frames.append)
    kept = places.cache() / "readouts" / f"{fashion.model.digest[:32]}.npz"
    qtbot.waitUntil(kept.is_file, timeout=20_000)
    assert compute.is_idle, "that is no work that anybody waits for"
    compute.request(fashion.edit(latent=Seed(3)))
    qtbot.waitUntil(lambda: bool(frames) and frames[-1].exact and frames[-1].recipe.latent == Seed(3))
    assert not frames[-2].exact


def test_measured_times_are_kept_for_the_next_run(qtbot, tiny_checkpoint: Path) -> None:
    compute = Compute(device="cpu")
    recipe = Recipe(read_header(tiny_checkpoint).ref)
    compute.start()
    with qtbot.waitSignals([compute.model_opened, compute.frame_ready], timeout=60_000):
        compute.open_model(tiny_checkpoint)
        qtbot.waitUntil(lambda: compute.is_idle, timeout=60_000)
        compute.request(recipe)
    compute.stop()
    (pace,) = read(places.cache() / "paces.json").values()
    assert pace.of("picture") < 60


def test_signals_arrive_on_the_thread_that_asked(compute: Compute, recipe: Recipe, qtbot) -> None:
    threads = []
    compute.frame_ready.connect(lambda _: threads.append(threading.current_thread()))
    with qtbot.waitSignal(compute.frame_ready):
        compute.request(recipe)
    assert threads == [threading.main_thread()]


def test_a_recipe_that_fails_is_told_and_the_thread_goes_on(compute: Compute, recipe: Recipe, qtbot) -> None:
    with qtbot.waitSignal(compute.frame_failed) as failed:
        compute.request(recipe.edit(label=(1.0,)))
    assert "label" in failed.args[1]
    with qtbot.waitSignal(compute.frame_ready):
        compute.request(recipe)


def test_an_unexpected_torch_error_is_told_too(compute: Compute, recipe: Recipe, qtbot, monkeypatch, caplog) -> None:
    from ganviz.render import Renderer

    def explode(*_: object, **__: object) -> None:
        raise RuntimeError("CUDA out of memory")

    monkeypatch.setattr(Renderer, "drawing", explode)
    with qtbot.waitSignal(compute.frame_failed) as failed:
        compute.request(recipe)
    assert "not enough memory" in failed.args[1]


def test_a_model_that_cannot_be_opened_names_its_file(compute: Compute, qtbot, tmp_path: Path) -> None:
    path = tmp_path / "photo.jpg"
    path.write_bytes(b"\xff\xd8\xff\xe0" + b"x" * 100)
    with qtbot.waitSignal(compute.model_failed) as failed:
        compute.open_model(path)
    assert failed.args[0] == path and "JPEG" in failed.args[1]


def test_thumbnails_come_once_drawn_and_then_from_memory(compute: Compute, recipe: Recipe, qtbot) -> None:
    recipes = [recipe.edit(latent=Seed(k)) for k in range(5)]
    got = []
    compute.thumbnail_ready.connect(lambda recipe, pixels: got.append(recipe))
    compute.want_thumbnails("strip", recipes)
    qtbot.waitUntil(lambda: len(got) == 5)
    assert got == recipes
    compute.want_thumbnails("strip", recipes[:2])
    assert got[5:] == recipes[:2], "at once, without the thread"


def test_a_thumbnail_whose_picture_has_been_drawn_meanwhile_is_not_drawn_again(
    compute: Compute, recipe: Recipe, qtbot, monkeypatch
) -> None:
    drawn = []
    render_all = Renderer.render_all
    monkeypatch.setattr(Renderer, "render_all", lambda self, some: drawn.extend(some) or render_all(self, some))
    present, other = recipe.edit(latent=Seed(41)), recipe.edit(latent=Seed(42))
    shown = []
    compute.thumbnail_ready.connect(lambda which, pixels: shown.append(which))
    compute.request(present)
    compute.want_thumbnails("strip", [present, other])
    qtbot.waitUntil(lambda: len(shown) == 2, timeout=20_000)
    assert set(shown) == {present, other} and drawn == [other]


def test_thumbnails_wait_for_the_first_picture_of_a_model_that_is_being_opened(
    compute: Compute, recipe: Recipe, qtbot, tiny_checkpoint: Path
) -> None:
    came = []
    compute.model_opened.connect(lambda header, _: compute.request(Recipe(header.ref, Seed(5))))
    compute.frame_ready.connect(lambda _: came.append("picture"))
    compute.thumbnail_ready.connect(lambda *_: came.append("thumbnail"))
    compute.open_model(tiny_checkpoint)
    compute.want_thumbnails("list", [recipe.edit(latent=Seed(seed)) for seed in range(6, 30)])
    qtbot.waitUntil(lambda: len(came) == 25, timeout=30_000)
    assert came[0] == "picture"
    compute.open_model("no-such-model")
    compute.want_thumbnails("list", [recipe.edit(latent=Seed(40))])
    qtbot.waitUntil(lambda: len(came) == 26, timeout=30_000)


def test_a_newer_wish_replaces_the_channel_s_older_one(compute: Compute, recipe: Recipe, qtbot) -> None:
    got = []
    compute.thumbnail_ready.connect(lambda recipe, pixels: got.append(recipe))
    for start in range(0, 1000, 10):
        compute.want_thumbnails("strip", [recipe.edit(latent=Seed(start + k)) for k in range(10)])
    qtbot.waitUntil(lambda: compute.is_idle and got[-1:] == [recipe.edit(latent=Seed(999))], timeout=10_000)
    assert len(got) < 500


def test_a_job_reports_progress_and_its_result_beside_pictures(compute: Compute, recipe: Recipe, qtbot) -> None:
    gate = threading.Event()
    seen: list[Progress] = []

    def job(renderer):
        answer = yield Offload(lambda: renderer.device)
        for done in range(3):
            yield Progress(done, 3)
        yield Offload(gate.wait, (20,))
        return answer

    compute.job_progress.connect(seen.append)
    assert compute.start_job(job)
    with qtbot.waitSignal(compute.said) as said:
        assert not compute.start_job(job), "one job at a time"
    assert "still going on" in said.args[0] and said.args[1] == "info", "a line that goes by itself"
    with qtbot.waitSignal(compute.frame_ready):
        compute.request(recipe)
    with qtbot.waitSignal(compute.job_done) as done:
        gate.set()
    assert done.args == ["cpu"] and [step.done for step in seen] == [0, 1, 2]
    assert not compute.job_running


def test_pictures_do_not_wait_for_the_side_thread_of_a_cancelled_job(compute: Compute, recipe: Recipe, qtbot) -> None:
    go_on, cleaned = threading.Event(), threading.Event()
    began = threading.Event()

    def busy() -> None:
        began.set()
        go_on.wait(20)

    def job(renderer):
        try:
            yield Offload(busy)
        finally:
            assert go_on.is_set(), "clean-up waits until what it cleans up is no longer used"
            cleaned.set()

    compute.start_job(job)
    assert began.wait(20)
    with qtbot.waitSignal(compute.job_cancelled, timeout=20_000):
        compute.cancel_job()
    with qtbot.waitSignal(compute.frame_ready, timeout=20_000):
        compute.request(recipe)
    assert not cleaned.is_set()
    go_on.set()
    assert cleaned.wait(20)


@pytest.mark.parametrize("how", ["cancel", "stop"])
def test_a_call_on_the_side_thread_is_asked_to_end_when_its_job_is_given_up(qtbot, how: str) -> None:
    compute = Compute(device="cpu")
    with qtbot.waitSignal(compute.started, timeout=60_000):
        compute.start()
    began, asked, ended = threading.Event(), threading.Event(), threading.Event()

    def busy() -> None:
        began.set()
        if asked.wait(60):
            ended.set()
        raise GanvizError("no longer wanted")

    def job(renderer):
        yield Offload(busy, stop=asked.set)

    compute.start_job(job)
    assert began.wait(20)
    if how == "cancel":
        compute.cancel_job()
    compute.stop()
    assert ended.wait(60)


@pytest.mark.parametrize("how", ["done", "failed"])
def test_nothing_that_a_job_worked_on_is_kept_when_it_is_over(compute: Compute, qtbot, how: str) -> None:
    class Large:
        """As an array would be."""

    kept: list[weakref.ref] = []

    def work(large: Large) -> None:
        if how == "failed":
            raise GanvizError("no")

    def job(renderer):
        large = Large()
        kept.append(weakref.ref(large))
        yield Offload(work, (large,))

    with qtbot.waitSignal(compute.job_done if how == "done" else compute.job_failed, timeout=20_000):
        compute.start_job(job)

    def is_gone() -> bool:
        gc.collect()
        return kept[0]() is None

    qtbot.waitUntil(is_gone, timeout=20_000)


@pytest.mark.parametrize("how", ["done", "failed", "cancelled"])
def test_memory_that_a_job_no_longer_uses_is_given_back_when_it_is_over(
    compute: Compute, qtbot, monkeypatch, how: str
) -> None:
    class Large:
        """As an array would be."""

    kept: list[weakref.ref] = []
    given = []

    def give_back() -> None:
        gc.collect()
        given.append(kept[0]() is None)

    def job(renderer):
        large = Large()
        kept.append(weakref.ref(large))
        while how == "cancelled":
            yield Progress(0, 0)
        yield Offload(lambda large: None, (large,))
        if how == "failed":
            raise GanvizError("no")

    monkeypatch.setattr("app.running_job.give_back", give_back)
    if how == "cancelled":
        with qtbot.waitSignal(compute.job_progress, timeout=20_000):
            compute.start_job(job)
        compute.cancel_job()
    else:
        compute.start_job(job)
    qtbot.waitUntil(lambda: given == [True], timeout=20_000)


def test_cancelling_closes_the_job_and_runs_its_clean_up(compute: Compute, qtbot) -> None:
    cleaned = []

    def job(renderer):
        try:
            while True:
                yield Progress(0, 0)
        finally:
            cleaned.append(True)

    with qtbot.waitSignal(compute.job_progress):
        compute.start_job(job)
    with qtbot.waitSignal(compute.job_cancelled):
        compute.cancel_job()
    assert cleaned == [True] and compute.start_job(job)


def test_a_job_that_fails_is_told(compute: Compute, qtbot, caplog) -> None:
    def job(renderer):
        yield Progress(0, 1)
        raise RuntimeError("torch says no")

    with qtbot.waitSignal(compute.job_failed) as failed:
        compute.start_job(job)
    assert "torch says no" in failed.args[0]


def test_stopping_ends_a_running_job_cleanly(qtbot) -> None:
    compute = Compute(device="cpu")
    cleaned = []

    def job(renderer):
        try:
            while True:
                yield Progress(0, 0)
        finally:
            cleaned.append(True)

    with qtbot.waitSignal(compute.started, timeout=60_000):
        compute.start()
    with qtbot.waitSignal(compute.job_progress):
        compute.start_job(job)
    compute.stop()
    assert cleaned == [True]


def test_opened_models_from_elsewhere_are_remembered(compute: Compute, qtbot, tmp_path: Path, tiny_checkpoint) -> None:
    from ganviz import catalog

    path = tmp_path / "mine.safetensors"
    shutil.copyfile(tiny_checkpoint, path)
    with qtbot.waitSignal(compute.model_opened):
        compute.open_model(path)
    assert [header.path for header in catalog.recent()] == [path]


@pytest.mark.parametrize("shape", [(1024, 1024, 3), (300, 150, 1), (16, 16, 3)])
def test_thumbnails_are_small_and_keep_their_channels(shape) -> None:
    small = thumbnail_of(np.full(shape, 100, np.uint8))
    assert max(small.shape[:2]) <= THUMBNAIL and small.shape[2] == shape[2] and (small == 100).all()


def test_a_thumbnail_that_fails_is_told(compute: Compute, recipe: Recipe, qtbot, caplog) -> None:
    bad = recipe.edit(label=(1.0,))
    with qtbot.waitSignal(compute.thumbnail_failed) as failed:
        compute.want_thumbnails("strip", [bad])
    assert failed.args == [bad]


def test_thumbnails_of_a_small_network_are_drawn_together_and_a_bad_one_keeps_none_of_the_others(
    compute: Compute, recipe: Recipe, qtbot, monkeypatch, caplog
) -> None:
    from ganviz.render import Renderer

    monkeypatch.setattr("app.thumbnails.THUMBNAILS_S", 60.0)  # however slow this machine is
    batches: list[int] = []
    real = Renderer.render_all
    monkeypatch.setattr(
        Renderer, "render_all", lambda self, recipes: batches.append(len(recipes)) or real(self, recipes)
    )
    got, failed = [], []
    compute.thumbnail_ready.connect(lambda recipe, pixels: got.append(recipe))
    compute.thumbnail_failed.connect(failed.append)
    recipes = [recipe.edit(latent=Seed(k)) for k in range(40)]
    recipes[30] = recipes[30].edit(label=(1.0,))
    compute.want_thumbnails("strip", recipes)
    qtbot.waitUntil(lambda: len(got) + len(failed) == 40)
    assert failed == [recipes[30]] and got == [item for item in recipes if item is not recipes[30]]
    assert max(batches) == 16


def test_a_job_goes_on_while_pictures_never_stop(compute: Compute, recipe: Recipe, qtbot, monkeypatch) -> None:
    from ganviz.render import Renderer

    drawn, drawing = [], Renderer.drawing

    def draw_and_want_the_next(self: Renderer, recipe: Recipe, *arguments: float, **options: bool):
        drawn.append(recipe)
        compute.request(recipe.edit(latent=Seed(len(drawn))))  # before this one is done: a picture always waits
        return drawing(self, recipe, *arguments, **options)

    def job(renderer):
        for done in range(3):
            drawn_before.append(len(drawn))
            yield Progress(done, 3)

    drawn_before: list[int] = []
    monkeypatch.setattr(Renderer, "drawing", draw_and_want_the_next)
    compute.request(recipe)
    with qtbot.waitSignal(compute.job_done, timeout=20_000):
        compute.start_job(job)
    assert 0 < drawn_before[0] < drawn_before[1] < drawn_before[2], "pictures come first"


def test_without_torch_the_window_is_told_and_every_request_is_answered(qtbot, monkeypatch, tiny_checkpoint, caplog):
    import sys

    monkeypatch.setitem(sys.modules, "torch", None)
    compute = Compute()
    with qtbot.waitSignal(compute.unavailable) as told:
        compute.start()
    (message,) = told.args
    assert "torch" in message and "\n" not in message
    with qtbot.waitSignal(compute.model_failed) as failed:
        compute.open_model(tiny_checkpoint)
    assert failed.args == [tiny_checkpoint, message]
    recipe = Recipe(read_header(tiny_checkpoint).ref)
    with qtbot.waitSignals([compute.frame_failed, compute.thumbnail_failed]):
        compute.request(recipe)
        compute.want_thumbnails("strip", [recipe])

    def job(renderer):
        yield Progress(0, 1)
        renderer.render_all([recipe])

    with qtbot.waitSignal(compute.job_failed) as failed:
        compute.start_job(job)
    assert failed.args == [message]
    qtbot.waitUntil(lambda: compute.is_idle)
    compute.stop()
