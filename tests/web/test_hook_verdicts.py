"""A form that arrives by itself has the verdict that `triage batch` gives the same row."""

import csv
import json

import pytest

from support.hooks import Sender, form_of, served
from triage_agent.advice import load_quiz
from triage_agent.batch import BatchRequest, FormMapping, open_arrived, propose_mapping, run_batch
from triage_agent.batch.mapping import load_mapping
from triage_agent.batch.output_columns import flat_decision, flat_problem
from triage_agent.reports import as_advice
from triage_agent.triage import AsyncTriage
from triage_agent.web.corrections import Reading
from triage_agent.web.hooks import Hooks

PROBLEM, MORE = "What is your biggest challenge?", "What else costs you time?"
COMPANY, REVENUE, SELLS = "Company", "Annual revenue (EUR thousands)", "Do you sell software?"
LISTED = "1. Orders are typed by hand\n2. Bills are sent late\n3. Customers want an app of ours"
TWO = "Our web shop loses customers at checkout, and two people type orders into Excel all day"
MANY = """1. Orders are typed by hand every day
2. Bills are sent late each month
3. Customers cannot book online
4. Stock is counted twice a week
5. Leads get lost between two spreadsheets
6. Our developers miss every deadline
7. Reports eat up our Fridays"""
QUIZ = {f"Quiz: {one.dimension}": one.answers[2].text for one in load_quiz().questions}
FORMS = {
    "one problem": {PROBLEM: "Leads get lost between two spreadsheets", COMPANY: "Acme"},
    "a list": {PROBLEM: LISTED, COMPANY: "Acme", REVENUE: "3,000", SELLS: "No"},
    "two in a sentence": {PROBLEM: TWO, REVENUE: "750", SELLS: "Yes, a SaaS product"},
    "more than a form holds": {PROBLEM: MANY, MORE: "Stock is counted twice"},
    "two questions": {PROBLEM: "We need a mobile app for our customers", MORE: "none"},
    "nothing": {PROBLEM: "n/a", COMPANY: "Acme"},
    "blank": {PROBLEM: "", COMPANY: ""},
    "a revenue that is none": {PROBLEM: "Bills are late", REVENUE: "a lot", SELLS: "perhaps"},
    "a range": {PROBLEM: "Bills are late", REVENUE: "over 10,000"},
    "markup": {PROBLEM: "<p>Orders are <b>typed</b></p><p>by hand</p>", COMPANY: "<b>Acme</b>"},
    "a tie with the quiz": {
        PROBLEM: "Bills are typed by hand each day",
        MORE: "Our customers need a portal of their own to be built",
        REVENUE: "1,500",
        **QUIZ,
    },
}
COLUMNS = (PROBLEM, MORE, COMPANY, REVENUE, SELLS, *QUIZ)
MAPPED = {
    "mapping_version": 1,
    "problem_column": [PROBLEM, MORE],
    "company_column": COMPANY,
    "revenue_column": REVENUE,
    "software_column": SELLS,
    "quiz_column": {one.id: f"Quiz: {one.dimension}" for one in load_quiz().questions},
    "usd_rate": 1.1,
}
TOOLS = ("typeform", "tally", "google", "json-address")


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    with served(tmp_path_factory.mktemp("hooks") / "data", AsyncTriage()) as one:
        for kind in TOOLS:
            one.hook(kind, mapping=FormMapping.model_validate(MAPPED))
        yield one


def batched(folder, forms, mapping):
    """Return the rows of OUT for a table, read by a mapping."""
    given, out = folder / "mapping.toml", folder / "out.jsonl"
    lines = [
        f"{name} = {json.dumps(value)}" for name, value in mapping.items() if name != "quiz_column"
    ]
    quiz = [f"{name} = {json.dumps(value)}" for name, value in mapping["quiz_column"].items()]
    given.write_text("\n".join([*lines, "[quiz_column]", *quiz]), "utf-8")
    run_batch(BatchRequest(forms, out, mapping=given))
    return [json.loads(line) for line in out.read_text("utf-8").splitlines()]


def shown(row):
    """Return what a row of OUT says, without the places in the table and the numbers of rows."""
    left_out = ("triage_row", "triage_conflicts", "triage_backend", "triage_model", "triage_prompt")
    found = {
        name: value
        for name, value in row.items()
        if name.startswith("triage_")
        and value is not None
        and not name.endswith("_column")
        and name not in left_out
    }
    because = found.pop("triage_provisional_because", "")
    return found | {"doubtful": len(because.split(" | ")) if because else 0}


def arrived(server, name):
    """Return what is kept of the last form of a hook, as the columns of OUT."""
    server.rest()
    query = "SELECT id FROM submission WHERE source = ? ORDER BY id DESC LIMIT 1"
    known = server.site.submissions.by_id(server.database.row(query, name)["id"])
    advice = server.run(Reading.of(server.site, known).talk.advice())
    assert known.advice == json.loads(json.dumps(as_advice(advice)))
    values = {"triage_notes": " ".join(known.state.form.notes) or None}
    for number, row in enumerate(advice.problems, start=1):
        values |= flat_problem(number, row)
    if advice.problems or known.company:
        values |= flat_decision(advice.decision)
    return shown(values), advice


@pytest.fixture(scope="module")
def table(tmp_path_factory):
    """What a batch says of all the forms, as rows of one CSV file."""
    folder = tmp_path_factory.mktemp("batch")
    with (folder / "forms.csv").open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, COLUMNS)
        writer.writeheader()
        writer.writerows(FORMS.values())
    return dict(zip(FORMS, batched(folder, folder / "forms.csv", MAPPED), strict=True))


@pytest.mark.parametrize(
    ("form", "tool"),
    # Typeform leaves out what was not answered, so a blank form is nothing at all.
    [(form, tool) for form in FORMS for tool in TOOLS if (form, tool) != ("blank", "typeform")],
)
def test_a_form_has_the_verdict_of_the_same_row_of_a_batch(server, table, tool, form):
    answers = {column: FORMS[form].get(column, "") for column in COLUMNS}
    number = list(FORMS).index(form)
    assert Sender(server, tool).send(number, answers)[0] == 202
    found, advice = arrived(server, tool)
    assert found == shown(table[form])
    assert advice.company == FORMS[form].get(COMPANY, "")


@pytest.mark.parametrize("tool", TOOLS)
def test_a_form_has_the_verdict_of_its_own_json_in_a_batch(server, tmp_path, tool):
    answers = {column: FORMS["a list"].get(column, "-") for column in COLUMNS}
    assert Sender(server, tool).send(100, answers)[0] == 202
    found, _ = arrived(server, tool)
    (tmp_path / "one.json").write_text(json.dumps(form_of(tool, 100, answers)), "utf-8")
    (row,) = batched(tmp_path, tmp_path / "one.json", MAPPED)
    assert found == shown(row)


def test_what_seems_to_hold_several_problems_is_kept_as_that(server):
    answers = {column: FORMS["more than a form holds"].get(column, "") for column in COLUMNS}
    Sender(server, "json-address").send(200, answers)
    _, advice = arrived(server, "json-address")
    assert [row.holds_several for row in advice.problems] == [False] * 4 + [True]


def test_a_form_of_jotform_has_the_verdict_of_its_columns(server, tmp_path):
    answers = {PROBLEM: LISTED, COMPANY: "Acme", REVENUE: "3,000"}
    names = {PROBLEM: "q3_biggest", COMPANY: "q4_company", REVENUE: "q5_annualRevenueEur"}
    given = {names[name]: text for name, text in answers.items()}
    mapping = {
        "mapping_version": 1,
        "problem_column": ["q3_biggest"],
        "company_column": "q4_company",
        "revenue_column": "q5_annualRevenueEur",
        "usd_rate": 1.1,
        "quiz_column": {},
    }
    tool = server.hook("jotform")
    Hooks(server.database).map("jotform", FormMapping.model_validate(mapping), 1)
    assert tool.send(1, body=json.dumps(given).encode())[0] == 202
    found, _ = arrived(server, "jotform")
    (tmp_path / "one.json").write_text(json.dumps([given]), "utf-8")
    (row,) = batched(tmp_path, tmp_path / "one.json", mapping)
    assert found == shown(row)


@pytest.mark.parametrize("form", ["a list", "a tie with the quiz"])
def test_the_proposed_columns_are_those_that_a_batch_finds(tmp_path, form):
    answers = {name: text for name, text in FORMS[form].items() if text}
    table = open_arrived(json.dumps(answers))
    found = propose_mapping(table)
    saved = tmp_path / "saved.toml"
    (tmp_path / "one.json").write_text(json.dumps([answers]), "utf-8")
    run_batch(BatchRequest(tmp_path / "one.json", tmp_path / "out.csv", save_mapping=saved))
    assert found.mapped() == load_mapping(saved).mapped()
    assert found.quiz_scale == load_mapping(saved).quiz_scale
