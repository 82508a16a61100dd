"""What is said in more than one place about the package has to be the same in each."""

import re
import tomllib
from pathlib import Path

import ganviz

ROOT = Path(__file__).parents[2]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]


def test_the_package_and_its_metadata_have_one_version() -> None:
    assert PROJECT["version"] == ganviz.__version__


def test_the_notices_name_every_package_that_is_installed_beside_it() -> None:
    notices = (ROOT / "THIRD_PARTY.md").read_text("utf-8").lower()
    rows = {name.strip() for line in notices.splitlines() if line[:2] == "| " for name in line.split("|")[1].split(",")}
    needed = {re.split(r"[^\w.-]", item)[0].lower() for item in PROJECT["dependencies"]}
    assert needed <= rows, f"THIRD_PARTY.md has no row for {', '.join(sorted(needed - rows))}"


def test_the_desktop_file_starts_the_command_that_is_installed() -> None:
    lines = (ROOT / "packaging" / "ganviz.desktop").read_text("utf-8").splitlines()
    entry = dict(line.split("=", 1) for line in lines if "=" in line)
    assert entry["Exec"].split()[0] in PROJECT["scripts"]
    assert (ROOT / "packaging" / f"{entry['Icon']}.svg").is_file()


def test_every_page_of_the_documentation_is_in_its_navigation() -> None:
    said = (ROOT / "mkdocs.yml").read_text("utf-8")
    pages = [path.relative_to(ROOT / "docs").as_posix() for path in (ROOT / "docs").rglob("*.md")]
    missing = [name for name in pages if not name.startswith(("adr/", "images/")) and name not in said]
    assert not missing
