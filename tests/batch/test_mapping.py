import json

import pytest
from typer.testing import CliRunner

from triage_agent.advice import load_quiz
from triage_agent.batch import Columns
from triage_agent.batch.mapping import load_mapping
from triage_agent.batch.request import BatchRequest
from triage_agent.batch.run import run_batch
from triage_agent.batch.understanding import understand, wish_of
from triage_agent.cli.main import app
from triage_agent.errors import InputError, SettingsError
from triage_agent.tables import TableOptions

APRIL = {
    "Company": ["Baker", "Reed"],
    "Main trouble": ["We lose leads each week to slow replies", "Stock is never right in the shop"],
    "Second trouble": ["Invoices are typed by hand each day", "Nobody answers the phone at lunch"],
    "Turnover": ["3M", "1M"],
}
NAMED = Columns(("Main trouble", "Second trouble"), revenue="Turnover", group_by="Company")


@pytest.fixture
def folder(tmp_path):
    """Return a folder with an export, and a mapping that was saved while it was read."""
    export(tmp_path / "april.csv", APRIL)
    dry_run(tmp_path, "april.csv", columns=NAMED, save_mapping=tmp_path / "acme.toml", usd_rate=1.1)
    return tmp_path


def export(path, cells):
    lines = [",".join(cells), *(",".join(row) for row in zip(*cells.values(), strict=True))]
    path.write_text("\n".join(lines) + "\n", "utf-8")


def renamed(**names):
    """Return next month's export with other names; an empty one drops the column."""
    return {names.get(one, one): cells for one, cells in APRIL.items() if names.get(one, one)}


def dry_run(folder, name, **options):
    lines = []
    run_batch(
        BatchRequest(folder / name, folder / "out.csv", dry_run=True, **options), lines.append
    )
    return lines


def understood(folder, name, **options):
    """Return how a run with these options reads the forms."""
    names = ("usd_rate", "split", "max_problems", "quiz_scale", "mapping")
    given = dict.fromkeys(names) | options
    wish = wish_of(folder / name, TableOptions(), Columns(), **given)
    return understand(wish, lambda _: None, labels_only=False)[1]


def test_a_mapping_holds_what_was_read_and_how(folder):
    kept = load_mapping(folder / "acme.toml")
    assert kept.mapped() == NAMED
    assert (kept.usd_rate, kept.split) == (1.1, None)
    assert kept.columns == tuple(APRIL)


def test_the_next_export_is_read_as_the_mapping_says(folder):
    export(folder / "may.csv", {"Problem": ["We forget reviews again and again"] * 2, **APRIL})
    lines = dry_run(folder, "may.csv", mapping=folder / "acme.toml")
    assert "Problems are read from 'Main trouble' and 'Second trouble'." in lines
    assert "New since acme.toml was saved, and not read: 'Problem'." in lines
    assert not [line for line in lines if "is now" in line]


def test_a_dry_run_shows_the_first_problems_as_they_would_be_read(folder):
    lines = dry_run(folder, "april.csv", mapping=folder / "acme.toml")
    start = lines.index("The first problems, as they would be read:")
    assert lines[start + 1 : start + 4] == [
        "  row 2: We lose leads each week to slow replies",
        "  row 2: Invoices are typed by hand each day",
        "  row 3: Stock is never right in the shop",
    ]


@pytest.mark.parametrize(
    ("names", "said"),
    [
        pytest.param(
            {"Main trouble": "Main trouble today"},
            "'Main trouble' is gone, perhaps it is now 'Main trouble today'. New in the table: "
            "'Main trouble today'. If so, add --problem-column \"Main trouble today\" "
            '--problem-column "Second trouble" --save-mapping ACME.',
            id="renamed",
        ),
        pytest.param(
            {"Turnover": ""},
            "'Turnover' is gone. For 'Turnover', take it out of acme.toml, or name another with "
            "--revenue-column COLUMN.",
            id="gone",
        ),
    ],
)
def test_an_export_that_no_longer_fits_shows_the_difference(folder, names, said):
    export(folder / "may.csv", renamed(**names))
    with pytest.raises(InputError) as refused:
        dry_run(folder, "may.csv", mapping=folder / "acme.toml")
    said = said.replace("ACME", str(folder / "acme.toml"))
    assert refused.value.message == f"may.csv no longer fits acme.toml: {said}"


def test_the_command_for_a_renamed_column_can_be_typed_as_it_stands(folder):
    book = folder / "a client"
    book.mkdir()
    acme = book / "acme.toml"
    acme.write_bytes((folder / "acme.toml").read_bytes())
    export(folder / "may.csv", renamed(Turnover="Turnover (yearly)"))
    with pytest.raises(InputError) as refused:
        dry_run(folder, "may.csv", mapping=acme)
    assert (
        f'add --revenue-column "Turnover (yearly)" --save-mapping "{acme}".'
        in refused.value.message
    )


def test_what_the_refusal_names_mends_the_mapping(folder):
    export(folder / "may.csv", renamed(**{"Main trouble": "Main trouble today"}))
    acme = folder / "acme.toml"
    now = Columns(("Main trouble today", "Second trouble"))
    dry_run(folder, "may.csv", mapping=acme, save_mapping=acme, columns=now)
    assert load_mapping(acme).mapped().problems == now.problems
    assert load_mapping(acme).revenue_column == "Turnover"
    dry_run(folder, "may.csv", mapping=acme)


def test_an_option_wins_over_the_mapping(folder):
    lines = dry_run(
        folder, "april.csv", mapping=folder / "acme.toml", columns=Columns(("Second trouble",))
    )
    assert "Problems are read from 'Second trouble'." in lines
    assert "The yearly revenue is read from 'Turnover'." in lines


def test_how_the_table_is_read_is_kept_too(folder):
    path = folder / "semicolons.csv"
    path.write_text((folder / "april.csv").read_text().replace(",", ";"))
    acme = folder / "acme.toml"
    dry_run(folder, path.name, table=TableOptions(delimiter=";"), save_mapping=acme, columns=NAMED)
    assert load_mapping(acme).table.delimiter == ";"
    assert load_mapping(acme).table_options(TableOptions(delimiter="|")).delimiter == "|"
    assert dry_run(folder, path.name, mapping=acme)


@pytest.mark.parametrize(
    ("given", "problems", "shown"),
    [
        pytest.param(None, 5, None, id="not given: as many as usual, and nothing is kept"),
        pytest.param(2, 2, 2, id="given: kept"),
        pytest.param(5, 5, 5, id="given as usual: kept, whatever is usual later"),
    ],
)
def test_the_most_problems_of_a_form_are_kept(folder, given, problems, shown):
    acme = folder / "acme.toml"
    export(folder / "long.csv", {"Problem": ["1) Leads go cold 2) Stock is wrong 3) We forget"]})
    dry_run(folder, "long.csv", save_mapping=acme, max_problems=given)
    assert load_mapping(acme).max_problems == shown
    assert understood(folder, "long.csv", mapping=acme).max_problems == problems
    assert understood(folder, "long.csv", mapping=acme, max_problems=3).max_problems == 3


SCALES = [
    pytest.param([0] * 8, None, "0-3", id="a 0 showed it"),
    pytest.param([4] * 8, None, "1-4", id="a 4 showed it"),
    pytest.param([2] * 8, "1-4", "1-4", id="given"),
    pytest.param([4] * 8, "0-3", "0-3", id="given against what shows"),
    pytest.param([2] * 8, None, None, id="not clear: asked again"),
    pytest.param([], None, None, id="no quiz"),
    pytest.param([], "1-4", None, id="given, but no quiz"),
]


@pytest.mark.parametrize(("answers", "given", "kept"), SCALES)
def test_the_scale_of_the_quiz_is_kept_for_an_export_that_does_not_show_it(
    folder, answers, given, kept
):
    acme = folder / "acme.toml"
    names = [f"quiz_{one.id}" for one in load_quiz().questions[: len(answers)]]
    shown = dict(zip(names, ([str(one)] for one in answers), strict=True))
    export(folder / "shown.csv", {"Problem": ["We lose leads each week"], **shown})
    unclear = {"Problem": ["We lose leads each week"], **{one: ["2"] for one in names}}
    export(folder / "unclear.csv", unclear)
    dry_run(folder, "shown.csv", save_mapping=acme, quiz_scale=given)
    assert load_mapping(acme).quiz_scale == kept
    if names:
        reading = understood(folder, "unclear.csv", mapping=acme)
        assert reading.quiz_scale == (kept or "unclear")
        other = understood(folder, "unclear.csv", mapping=acme, quiz_scale="0-3")
        assert other.quiz_scale == "0-3"


@pytest.mark.parametrize("name", ['say "hi"', "back\\slash", "a, b", "ü – 💥", "a = [1]"])
def test_every_name_of_a_column_survives_the_file(folder, name):
    path, acme = folder / "odd.jsonl", folder / "odd.toml"
    path.write_text(json.dumps({name: "We lose leads each week"}) + "\n", "utf-8")
    dry_run(folder, path.name, save_mapping=acme, columns=Columns((name,)))
    assert load_mapping(acme).problem_column == (name,)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('model = "m"', "may not set 'model'"),
        ('base_url = "http://x"', "may not set 'base_url'"),
        ('[table]\nbackend = "llm"', r"may not set 'table\.backend'"),
        ('revenue_colum = "a"', "Did you mean 'revenue_column'"),
        ('[table]\nsheets = "a"', r"Did you mean 'table\.sheet'"),
        ("usd_rate = -1", "usd_rate: "),
        ("max_problems = 0", "max_problems: "),
        ('quiz_scale = "0-5"', "quiz_scale: "),
        ('quiz_scale = "unclear"', "quiz_scale: "),
        ("problem_column = 3", "problem_column: |not valid TOML"),
    ],
)
def test_a_mapping_that_says_something_else_is_refused(folder, text, said):
    path = folder / "bad.toml"
    path.write_text(f'mapping_version = 1\nproblem_column = "Main trouble"\n{text}\n')
    with pytest.raises(SettingsError, match=said):
        dry_run(folder, "april.csv", mapping=path)


@pytest.mark.parametrize(
    ("name", "said"),
    [("april.csv", r"ends in \.toml"), ("other.toml", "is not a mapping"), ("x/y.toml", "folder")],
)
def test_a_mapping_is_not_written_over_something_else(folder, name, said):
    (folder / "other.toml").write_text('title = "mine"\n')
    with pytest.raises(SettingsError, match=said):
        dry_run(folder, "april.csv", save_mapping=folder / name, columns=NAMED)
    assert (folder / "other.toml").read_text() == 'title = "mine"\n'


def test_a_mapping_that_is_not_there_is_named(folder):
    with pytest.raises(SettingsError, match=r"no mapping .*--save-mapping .*none\.toml"):
        dry_run(folder, "april.csv", mapping=folder / "none.toml")


@pytest.mark.parametrize(
    ("options", "said"),
    [
        pytest.param([], "'Second trouble'", id="a settings file alone"),
        pytest.param(
            ["--mapping", "acme.toml"], "'Main trouble' and 'Second trouble'", id="mapping"
        ),
        pytest.param(
            ["--mapping", "acme.toml", "--problem-column", "C"], "'Second trouble'", id="option"
        ),
    ],
)
def test_a_mapping_wins_over_a_settings_file_and_an_option_over_both(
    folder, monkeypatch, options, said
):
    monkeypatch.chdir(folder)
    (folder / "triage.toml").write_text('[batch]\nproblem_column = ["Second trouble"]\n')
    done = CliRunner().invoke(app, ["batch", "april.csv", "-o", "o.csv", "--dry-run", *options])
    assert f"Problems are read from {said}." in done.stderr
