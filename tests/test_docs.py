"""README and the documentation say what the program does."""

import csv
import json
import re
import tomllib

import pytest

from support.generate_docs import DOCS, README, ROOT, examples_in, pages, renewed, run

LINK = re.compile(r"\]\(([^)#:]+)(?:#[^)]*)?\)")
PLACE = re.compile(r'"([^"]+\.md)"')


def test_outputs_help_and_tables_are_the_programs():
    drifted = [str(page.relative_to(ROOT)) for page, text, new in renewed() if text != new]
    assert not drifted, "run `python tests/support/generate_docs.py` and read the difference"


def test_every_page_is_in_the_navigation():
    nav = tomllib.loads((ROOT / "zensical.toml").read_text(encoding="utf-8"))["project"]["nav"]
    listed = set(PLACE.findall(str(nav).replace("'", '"')))
    assert listed == {str(page.relative_to(DOCS)) for page in pages() if page != README}


def test_readme_has_at_most_180_lines():
    assert README.read_text(encoding="utf-8").count("\n") <= 180


def test_links_and_pictures_lead_to_files_that_exist():
    # The strict build of the site checks links between pages, but neither pictures nor README.
    for page in [ROOT / "CONTRIBUTING.md", *pages()]:
        for link in LINK.findall(page.read_text(encoding="utf-8")):
            assert (page.parent / link).exists(), (
                f"{page.name} links to {link}, which does not exist"
            )


def test_readme_keeps_the_command_that_ci_runs():
    text = README.read_text(encoding="utf-8")
    assert re.search(r"<!-- test command -->\n```console\n\$ [^\n]+pytest[^\n]*\n```\n", text)


def test_every_output_column_is_documented(tmp_path):
    folder = examples_in(tmp_path / "work")
    run("triage batch forms.csv -o columns.csv", folder)
    with (folder / "columns.csv").open(encoding="utf-8-sig", newline="") as file:
        added = [name for name in next(csv.reader(file)) if name.startswith("triage_")]
    columns = {re.sub(r"^triage_\d+_", "triage_N_", name) for name in added}
    text = (DOCS / "reference" / "output-columns.md").read_text(encoding="utf-8")
    assert {name for name in columns if f"`{name}`" not in text} == set()


@pytest.mark.parametrize("command", ["classify", "advise"])
def test_every_key_of_a_json_result_is_documented(tmp_path, command):
    printed = run(f"triage {command} --json 'Invoices are typed by hand'", tmp_path)
    keys = json.loads(printed[printed.index("{") :])
    text = (DOCS / "reference" / "json.md").read_text(encoding="utf-8")
    assert [key for key in keys if f"`{key}`" not in text] == []


def test_every_exit_code_of_an_error_is_documented():
    from triage_agent.errors import TriageError

    text = (DOCS / "reference" / "exit-codes.md").read_text(encoding="utf-8")
    for kind in TriageError.__subclasses__():
        assert re.search(rf"^\| {kind.exit_code} \|", text, re.MULTILINE)
        assert f"`{kind.__name__}`" in text


def test_no_page_loads_anything_from_another_host():
    for page in pages():
        text = page.read_text(encoding="utf-8")
        text = re.sub(r"^```.*?^```$", "", text, flags=re.MULTILINE | re.DOTALL)  # code is shown
        assert not re.findall(r"!\[[^\]]*\]\(https?:|<(?:img|script|iframe)\b", text), page
