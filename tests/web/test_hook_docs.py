"""The pages about form tools, tried to the letter: their commands, and the script for Google."""

import json
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from support.hooks import ANSWERS, ASKED, COMPANY, MAPPING, curl, served, undone
from triage_agent.batch import FormMapping
from triage_agent.web.hook_pages import GOOGLE_SCRIPT
from triage_agent.web.hooks import Hooks

DOCS = Path(__file__).parents[2] / "docs" / "how-to"
BLOCK = re.compile(r"```console\n(.*?)```", re.DOTALL)
ACCEPTED = '{"status":"accepted"}'
# Stand-ins for Google's services; the request is made by curl, since theirs waits for its answer.
GOOGLE = """
const { createHmac } = require("crypto");
const { execFileSync } = require("child_process");
const given = JSON.parse(process.argv[2]);
const bytes = (data) => Buffer.from(Uint8Array.from(data));
const item = (one) => ({ getTitle: () => one.title, getType: () => one.type });
const responses = given.responses.map((one) => ({
  getId: () => one.id,
  getItemResponses: () => given.items.filter((item) => item.title in one.answers).map((found) => (
    { getItem: () => item(found), getResponse: () => one.answers[found.title] })),
}));
const form = { getItems: () => given.items.map(item), getResponses: () => responses };
const triggers = [];
const builder = {
  forForm: () => builder, onFormSubmit: () => builder, create: () => triggers.push(1),
};
globalThis.FormApp = { getActiveForm: () => form };
globalThis.ScriptApp = {
  getProjectTriggers: () => triggers.splice(0), deleteTrigger: () => {}, newTrigger: () => builder,
};
const slept = [];
globalThis.Utilities = {
  sleep: (milliseconds) => slept.push(milliseconds),
  newBlob: (text) => ({ getBytes: () => Array.from(Int8Array.from(Buffer.from(text, "utf8"))) }),
  base64Decode: (text) => Array.from(Int8Array.from(Buffer.from(text, "base64"))),
  base64Encode: (data) => bytes(data).toString("base64"),
  computeHmacSha256Signature: (content, key) => Array.from(Int8Array.from(
    createHmac("sha256", bytes(key)).update(bytes(content)).digest())),
};
globalThis.UrlFetchApp = { fetch: (address, options) => {
  const headers = { "content-type": options.contentType, ...options.headers };
  const named = Object.entries(headers).flatMap(([name, value]) => ["-H", `${name}: ${value}`]);
  const asked = ["-s", "-o", "/dev/null", "-w", "%{http_code}", "-X", options.method.toUpperCase(),
    "--data-binary", options.payload, ...named, address];
  const status = Number(execFileSync("curl", asked).toString());
  return { getResponseCode: () => status };
} };
"""


@pytest.fixture
def server(tmp_path):
    with served(tmp_path / "data") as one:
        yield one


def commands(page):
    """Return the blocks of commands of a page as [(command, what it prints)]."""
    for block in BLOCK.findall((DOCS / page).read_text("utf-8")):
        found = re.split(r"^\$ ", block, flags=re.MULTILINE)[1:]
        yield [divided(one) for one in found]


def divided(text):
    """Return a command, with the lines on which it goes on, and what it prints."""
    lines = text.splitlines()
    length = 1
    while lines[length - 1].endswith(("\\", "|")):
        length += 1
    return "\n".join(lines[:length]), "\n".join(lines[length:])


@pytest.mark.parametrize(
    ("page", "kinds"),
    [
        ("hooks-typeform.md", ["typeform"]),
        ("hooks-tally.md", ["tally"]),
        ("hooks-jotform.md", ["jotform"]),
        ("hooks-json.md", ["json", "json-address"]),
    ],
)
def test_the_commands_of_a_page_send_an_answer(server, tmp_path, page, kinds):
    blocks = list(commands(page))
    assert len(blocks) == len(kinds)
    for kind, block in zip(kinds, blocks, strict=True):
        tool = server.hook(kind, mapping=None)
        script = []
        for command, printed in block:
            if command.startswith("cat "):
                (tmp_path / command.removeprefix("cat ")).write_text(printed, "utf-8")
            else:
                script.append(command)
        environment = {"SECRET": tool.hook.secrets[0], "ADDRESS": tool.address()}
        shell = ["bash", "-euo", "pipefail", "-c", "\n".join(script).replace("curl", "curl -s")]
        done = subprocess.run(
            shell,
            cwd=tmp_path,
            env={"PATH": "/usr/bin:/bin", **environment},
            capture_output=True,
            check=False,
            text=True,
        )
        assert (done.stdout, done.stderr) == (ACCEPTED, "")
        assert block[-1][1] == ACCEPTED
        column = "q3_whatIs" if kind == "jotform" else ASKED
        mapping = FormMapping(mapping_version=1, problem_column=(column,))
        Hooks(server.database).map(kind, mapping, 1)
        server.ring()
        assert [verdict for _, verdict in server.submissions(kind)] == ["fractional-ai-officer"]


def script_of_the_page():
    page = (DOCS / "hooks-google-forms.md").read_text("utf-8")
    (script,) = re.findall(r"```javascript\n(.*?)```", page, re.DOTALL)
    return script


def test_the_script_of_the_page_is_the_one_that_the_inbox_shows():
    assert script_of_the_page() == GOOGLE_SCRIPT.read_text("utf-8")


def google(tool, tmp_path, call, responses, address=None):
    """Run a function of the script of the page, with stand-ins for Google's services."""
    if (node := shutil.which("node")) is None:
        pytest.skip("there is no Node")
    script = script_of_the_page()
    for name, value in (("ADDRESS", address or tool.address()), ("SECRET", tool.hook.secrets[0])):
        script = re.sub(rf'const {name} = "[^"]*"', f'const {name} = "{value}"', script)
    items = [
        {"title": "Welcome", "type": "SECTION_HEADER"},
        {"title": ASKED, "type": "PARAGRAPH_TEXT"},
        {"title": COMPANY, "type": "TEXT"},
        {"title": "Yearly revenue", "type": "MULTIPLE_CHOICE"},
        {"title": "What do you use?", "type": "CHECKBOX"},
    ]
    file = tmp_path / "script.js"
    file.write_text(f"{GOOGLE}\n{script}\n{call};\nconsole.log(JSON.stringify(slept));", "utf-8")
    given = json.dumps({"items": items, "responses": responses})
    return subprocess.run([node, file, given], capture_output=True, check=False, text=True)


def answer(number, **changes):
    answers = {**ANSWERS, COMPANY: f"Ünal {number} “&” Co", "What do you use?": ["Excel", "Paper"]}
    return {"id": f"2_ABaOnud{number}", "answers": answers | changes}


def test_the_script_for_google_sends_what_the_server_takes(server, tmp_path):
    tool = server.hook("google", mapping=MAPPING)
    call = "connect(); onAnswer({ response: responses[0] })"
    assert google(tool, tmp_path, call, [answer(1)]).stderr == ""
    assert server.submissions("google") == [("Ünal 1 “&” Co", "fractional-ai-officer")]


def test_the_script_sends_every_question_and_no_headings(server, tmp_path):
    tool = server.hook("google", mapping=None)
    only = {"id": "2_ABa", "answers": {ASKED: "Orders are typed", "What do you use?": [["A"], "B"]}}
    google(tool, tmp_path, "onAnswer({ response: responses[0] })", [only])
    content = server.database.row("SELECT payload FROM delivery")["payload"]
    assert json.loads(content) == {
        ASKED: "Orders are typed",
        COMPANY: "",
        "Yearly revenue": "",
        "What do you use?": "A, B",
    }


def test_the_script_sends_all_answers_and_none_is_stored_twice(server, tmp_path):
    tool = server.hook("google")
    given = [answer(number) for number in range(3)]
    google(tool, tmp_path, "onAnswer({ response: responses[1] })", given)
    google(tool, tmp_path, "sendAll()", given)
    assert len(server.submissions("google")) == 3


def test_the_script_tries_again_and_fails_where_google_reports_it(server, tmp_path):
    tool = server.hook("google")
    call = (
        "try { onAnswer({ response: responses[0] }) } catch (error) { console.log(error.message) }"
    )
    away = google(tool, tmp_path, call, [answer(1)], address="http://127.0.0.1:9/hooks/google")
    assert "Run sendAll later" in away.stdout
    assert json.loads(away.stdout.splitlines()[-1]) == [0, 5000, 20_000, 60_000]
    wrong = google(tool, tmp_path, call, [answer(1)], address=f"{tool.address()}s")
    assert "status 404" in wrong.stdout
    assert json.loads(wrong.stdout.splitlines()[-1]) == [0]
    assert undone(server.database, "google") == []
    assert curl(tool.address(), "-d", "{}")[0] == 401
