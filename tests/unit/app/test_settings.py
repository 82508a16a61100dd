import pytest

from app.settings import BY_KEY, SETTINGS, Settings


def test_settings_start_at_their_defaults():
    settings = Settings()
    assert {key: settings.get(key) for key in BY_KEY} == {setting.key: setting.default for setting in SETTINGS}


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("theme", "light"),
        ("smooth", False),
        ("hint_seen", True),
        ("variation", 0.25),
        ("frame_ms", 66.0),
        ("frame_ms", 0.0),
    ],
)
def test_settings_are_kept_with_their_type(key, value):
    settings = Settings()
    settings.set(key, value)
    settings.flush()
    assert Settings().get(key) == value


def test_a_file_with_nonsense_in_it_gives_defaults(home):
    (home / "state").mkdir(exist_ok=True)
    (home / "state" / "window.ini").write_text("[General]\ntheme=pink\nvariation=lots\nsmooth=maybe\nframe_ms=-9\n")
    settings = Settings()
    assert settings.get("frame_ms") == 33.0
    assert settings.get("theme") == "system" and settings.get("variation") == 1.0
    assert settings.get("smooth") is False


def test_every_setting_says_what_it_is_for():
    assert all(setting.label and setting.note for setting in SETTINGS)


def test_two_windows_at_once_keep_each_other_s_settings():
    first, second = Settings(), Settings()
    first.set("variation", 0.25)
    second.set("theme", "light")
    first.flush()
    second.flush()
    first.flush()
    again = Settings()
    assert again.get("variation") == 0.25 and again.get("theme") == "light"


def test_settings_that_cannot_be_written_are_used_and_written_once_they_can_be(home):
    Settings().flush()
    path = home / "state" / "window.ini"
    path.unlink(missing_ok=True)
    path.mkdir()  # nothing can be written under that name
    settings = Settings()
    settings.set("theme", "light")
    settings.flush()
    assert settings.get("theme") == "light"
    path.rmdir()
    settings.flush()
    assert Settings().get("theme") == "light" and path.is_file()
