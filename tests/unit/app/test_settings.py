import pytest

from app.settings import BY_KEY, SETTINGS, Settings


def test_settings_start_at_their_defaults():
    settings = Settings()
    assert {key: settings.get(key) for key in BY_KEY} == {setting.key: setting.default for setting in SETTINGS}


@pytest.mark.parametrize(
    ("key", "value"), [("theme", "light"), ("smooth", False), ("hint_seen", True), ("variation", 0.25)]
)
def test_settings_are_kept_with_their_type(key, value):
    settings = Settings()
    settings.set(key, value)
    settings.flush()
    assert Settings().get(key) == value


def test_a_file_with_nonsense_in_it_gives_defaults(home):
    (home / "state").mkdir(exist_ok=True)
    (home / "state" / "window.ini").write_text("[General]\ntheme=pink\nvariation=lots\nsmooth=maybe\n")
    settings = Settings()
    assert settings.get("theme") == "system" and settings.get("variation") == 1.0
    assert settings.get("smooth") is False


def test_every_setting_says_what_it_is_for():
    assert all(setting.label and setting.note for setting in SETTINGS)
