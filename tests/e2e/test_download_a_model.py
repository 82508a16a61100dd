"""A model that others published is offered in the list, downloaded by a button, and opened."""

from app.widgets.model_list import ModelRow


def rows(story) -> dict[str, ModelRow]:
    return {row.name: row for row in story.window.parts.models.list.rows()}


def choose(story, name: str) -> None:
    """As a click on the row does."""
    story.wait(lambda: name in rows(story))
    story.window.parts.models.list.activated.emit(rows(story)[name].key)


def test_a_model_is_chosen_read_about_downloaded_and_opened(story, tiny_zoo, tiny_wheel, fake_pip) -> None:
    fake_pip(
        "import os, shutil, sys\n"
        "target = sys.argv[sys.argv.index('--dest') + 1]\n"
        "os.mkdir(target)\n"
        f"shutil.copy({str(tiny_wheel)!r}, target)\n"
    )
    story.window.parts.models.refresh(story.window.background)
    before = story.recipe
    choose(story, "tiny-faces")
    row = rows(story)["tiny-faces"]
    assert row.absent and row.section == "To download" and row.caption == "8 px · 2 MB"
    offer, button = story.find("model-offer"), story.find("model-download")
    assert not story.find("model-browser-licence").isVisible(), "which is the open model's"
    assert offer.isVisible() and button.isEnabled() and button.text() == "Download 2 MB"
    assert "MIT, copyright (c) 2024 Somebody" in story.find("model-offer-text").text()
    assert story.recipe == before, "nothing is opened, and nothing downloaded, before the button"
    button.click()
    assert not button.isEnabled() and story.find("cancel").isVisible()
    story.wait(lambda: story.document.is_open and story.recipe.model.name == "tiny-faces")
    story.settle()
    assert story.pixels().shape == (8, 8, 3) and story.recipe.psi == 0.8
    assert not offer.isVisible() and not story.find("progress").isVisible()
    assert "To be cited as Somebody: Tiny faces, 2024" in story.message
    story.wait(lambda: rows(story)["tiny-faces"].section == "Downloaded")
    assert not rows(story)["tiny-faces"].absent


def test_a_download_is_cancelled_where_other_work_is(story, tiny_zoo, fake_pip, tmp_path, home) -> None:
    began = tmp_path / "began"
    fake_pip(f"import pathlib, time\npathlib.Path({str(began)!r}).touch()\ntime.sleep(600)\n")
    story.window.parts.models.refresh(story.window.background)
    choose(story, "tiny-faces")
    story.click("model-download")
    story.wait(began.exists)
    assert "Downloading tiny-faces" in story.find("work").text()
    story.click("cancel")
    story.wait(lambda: "cancelled; nothing was kept" in story.message)
    assert story.find("model-download").isEnabled() and not story.find("progress").isVisible()
    story.wait(lambda: not list((home / "cache").rglob(".fetch-*")))  # its clean-up waits for the side thread


def test_what_goes_wrong_is_said_and_can_be_tried_again(story, tiny_zoo, fake_pip) -> None:
    fake_pip("raise SystemExit('ERROR: No matching distribution found')")
    story.window.parts.models.refresh(story.window.background)
    choose(story, "tiny-faces")
    story.click("model-download")
    story.wait(lambda: "it could not be downloaded (No matching distribution found)" in story.message)
    assert story.find("model-download").isEnabled()
    choose(story, "tiny")
    story.wait(lambda: not story.find("model-offer").isVisible())
