"""The wheel, installed away from the checkout, does the main job."""

import json
import re
import subprocess
import sys
import venv
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
THREE = [
    "Leads get lost because nobody follows up fast enough",
    "Our inventory data is always wrong",
    "We spend 40 hours a week on reporting",
]


def run(*command, cwd, stdin=b""):
    return subprocess.run(command, cwd=cwd, input=stdin, capture_output=True, check=True).stdout


@pytest.fixture(scope="module")
def installed(tmp_path_factory):
    """An environment that holds the built wheel; other packages are those of this one."""
    folder = tmp_path_factory.mktemp("wheel")
    build = [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", str(folder)]
    run(*build, str(ROOT), cwd=folder)
    (wheel,) = folder.glob("*.whl")
    venv.create(folder / "venv", with_pip=False)
    scripts = folder / "venv" / "bin"
    site = next((folder / "venv" / "lib").glob("python*/site-packages"))
    pip = [sys.executable, "-m", "pip", "--python", str(scripts / "python")]
    run(*pip, "install", "--quiet", "--no-deps", "--no-index", str(wheel), cwd=folder)
    # The dependencies come from this environment, the package itself must not.
    here = next(path for path in sys.path if path.endswith("site-packages"))
    (site / "dependencies.pth").write_text(
        f"import sys; sys.path.append({here!r})\n", encoding="utf-8"
    )
    return scripts, wheel


def test_the_wheel_advises_away_from_the_checkout(installed, tmp_path):
    scripts, _ = installed
    advice = json.loads(run(str(scripts / "triage"), "advise", "--json", *THREE, cwd=tmp_path))
    assert advice["recommendation"] == "fractional-ai-officer"
    assert advice["rule_trace"][-1]["rule"] == "D3"


def test_the_wheel_brings_the_pages_that_reports_are_made_of(installed, tmp_path):
    scripts, _ = installed
    run(str(scripts / "triage"), "advise", "-o", "report.html", *THREE, cwd=tmp_path)
    assert "<h1>Hire a fractional AI officer." in (tmp_path / "report.html").read_text()


def test_the_wheel_brings_its_own_code_and_data(installed, tmp_path):
    scripts, _ = installed
    code = "from triage_agent.files import folder; print(folder('prompts'), folder('evals'))"
    places = run(str(scripts / "python"), "-c", code, cwd=tmp_path).decode().split()
    assert all(str(scripts.parent) in place for place in places)
    assert all(Path(place).is_dir() for place in places)


@pytest.mark.slow
def test_the_wheel_passes_its_own_gate_away_from_the_checkout(installed, tmp_path):
    scripts, _ = installed
    said = run(str(scripts / "triage"), "eval", "--gate", cwd=tmp_path).decode()
    kept, of = re.search(r"^gate: (\d+) of (\d+) kept$", said, re.M).groups()
    assert kept == of


def test_the_wheel_stays_under_98_megabytes(installed):
    _, wheel = installed
    assert wheel.stat().st_size < 98_000_000
