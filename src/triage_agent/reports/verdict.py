"""The verdict on one screen: what to do, what it rests on, what would make it firm, what is next.

It holds no ids, rules or slugs; `--explain` and the report hold them.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from rich.cells import cell_len, set_cell_size
from rich.console import Console
from rich.text import Text

from triage_agent.advice import Advice, who_helps
from triage_agent.privacy import one_line
from triage_agent.reports.console import blocked, text_line
from triage_agent.reports.wording import LABEL_STYLE, firmness_words, headline_words, sure_words
from triage_agent.types import Abstention, Classification, DecidedBy, Label

SCREEN = 24  # lines, at least; one of them is for the prompt
MOST_PROBLEMS = 8
FEWEST_PROBLEMS = 2  # where what is to be settled and done takes the screen
MOST_OPEN = 3  # sentences about what is to be settled
NARROWEST = 16  # columns of a problem's first words; with fewer, its answer has its own line
LEAD = 5  # columns of its number
GAP = 2
KIND = {Label.BUILD: "build", Label.AUTOMATE: "automate"}
NO_KIND = {
    Abstention.NEITHER: "neither kind",
    Abstention.TOO_VAGUE: "too vague",
    Abstention.UNKNOWN_LANGUAGE: "unread",
}
OPEN = "Provisional until this is settled"
REST = "More: --explain (reasons, plan, facts); a report to keep: -o report.html"


@dataclass(frozen=True, slots=True)
class Shape:
    """How much is shown of what there may be more of."""

    problems: int
    settle: int
    steps: int
    firmness: bool = True  # whether it is said what "firm" means
    who: bool = True  # whether it is said who the recommended person is
    blank: bool = True  # lines between the parts


def show_verdict(console: Console, advice: Advice, rest: str = REST, below: int = 0) -> None:
    """Print the verdict so that it stands on one screen of 80 columns.

    `rest` says where all else is. With `below` that many lines of the screen are left for a list of
    choices; what the choices lead to may then be left out.
    """
    tall = max(SCREEN, console.height) if console.is_terminal else SCREEN
    if below and console.is_terminal:  # what scrolls away above the choices is not seen
        tall = console.height
    for shape in _shapes(advice, menu=bool(below)):
        lines = list(_lines(console, advice, shape, rest))
        if not below and shape.blank:
            lines = [Text(""), *lines]
        if len(lines) < tall - below:
            break
    for line in lines:
        console.print(line, soft_wrap=True)


def _shapes(advice: Advice, *, menu: bool) -> Iterator[Shape]:
    """Yield what may be shown, all first; then less of what can be looked up elsewhere.

    A `menu` below leads to the plan, so the next step goes before the problems do.
    """
    problems = min(MOST_PROBLEMS, len(advice.problems))
    shape = Shape(problems, min(MOST_OPEN, len(advice.decision.to_settle)), len(_steps(advice)))
    yield shape
    while shape.steps > 1:
        yield (shape := replace(shape, steps=shape.steps - 1))
    if menu:
        yield replace(shape, blank=False)
        yield (shape := replace(shape, steps=0))
    yield (shape := replace(shape, firmness=False))
    if menu:
        yield (shape := replace(shape, blank=False))
    while shape.settle > 1:
        yield (shape := replace(shape, settle=shape.settle - 1))
    while shape.problems > FEWEST_PROBLEMS:
        yield (shape := replace(shape, problems=shape.problems - 1))
    yield (shape := replace(shape, blank=False))
    yield (shape := replace(shape, who=False))
    yield (shape := replace(shape, problems=min(1, problems)))
    if menu:
        yield replace(shape, settle=0)


def _lines(console: Console, advice: Advice, shape: Shape, rest: str) -> Iterator[Text]:
    """Yield the lines of the verdict in this shape."""
    blank = [Text("")] * shape.blank
    headline = text_line(headline_words(advice))
    headline.stylize("bold", 0, len(advice.plan.headline))
    yield from blocked(console, headline)
    yield from blocked(console, text_line(advice.plan.because))
    for who in advice.plan.who if shape.who else ():
        yield from blocked(console, text_line(who))
    yield from blank
    yield from _problems(console.width, advice.problems[: shape.problems])
    if more := len(advice.problems) - shape.problems:
        yield text_line(f"{'':{LEAD}}and {more} more")
    if advice.problems:
        yield from blank
    to_settle = advice.decision.to_settle
    yield from _list(console, OPEN, to_settle, shape.settle)
    if shape.firmness and not to_settle and (means := firmness_words(advice)):
        yield from blocked(console, text_line(means))
    yield from _list(console, "Next", _steps(advice)[: shape.steps], shape.steps)
    if rest:
        yield from blocked(console, text_line(rest, style="dim"))


def _steps(advice: Advice) -> Sequence[str]:
    return advice.plan.first_days.first_steps


def _problems(width: int, rows: Sequence[Classification]) -> Iterator[Text]:
    """Yield a line about each problem: its first words, its answer, how sure that is."""
    answers = [(*_kind(row), _sure(row)) for row in rows]
    kinds = max((len(kind) for kind, _, _ in answers), default=0)
    sures = max((len(sure) for _, _, sure in answers), default=0)
    room = width - LEAD - 2 * GAP - kinds - sures
    for number, (row, (kind, style, sure)) in enumerate(zip(rows, answers, strict=True), start=1):
        lead = f"{number:>{LEAD - GAP}}{'':{GAP}}"
        answer = Text(f"{kind:<{kinds}}", style=style)
        answer.append(f"{'':{GAP}}{sure}", style="not bold default")
        answer.rstrip()
        if room >= NARROWEST:
            words = set_cell_size(first_words(row.text, room), room)
            yield Text(f"{lead}{words}{'':{GAP}}").append_text(answer)
        else:
            yield Text(lead + first_words(row.text, max(1, width - LEAD)))
            yield Text(f"{'':{LEAD}}").append_text(answer)


def first_words(text: str, room: int) -> str:
    """Return the beginning of a text on one line, in at most this many columns.

    >>> first_words("Leads get lost daily", 11), first_words("在庫の記録", 7)
    ('Leads get…', '在庫の…')
    """
    words = " ".join(one_line(text).split()) or "(no text)"
    if cell_len(words) <= room:
        return words
    return set_cell_size(words, room - 1).rstrip(" ,;:") + "…"


def _kind(row: Classification) -> tuple[str, str]:
    """Return the answer about a problem, and its style."""
    if row.error:
        return "not answered", "bold red"
    if row.label is None:
        return NO_KIND[row.abstained_because or Abstention.TOO_VAGUE], "bold yellow"
    return KIND[row.label], LABEL_STYLE[row.label]


def _sure(row: Classification) -> str:
    """Return how sure an answer is, or who could help instead, in a few words."""
    if who := who_helps(row):
        return f"ask {who}"
    if row.decided_by is DecidedBy.PERSON:
        return "as you said"
    if row.label is None:
        return ""
    return "not sure" if row.needs_review else sure_words(row.probability)


def _list(console: Console, title: str, lines: Sequence[str], most: int) -> Iterator[Text]:
    """Yield a titled list, nothing of it if `most` is 0; a single line stands behind its title."""
    if not most:
        return
    if len(lines) == 1:
        yield from blocked(console, text_line(f"{title}: {lines[0]}"))
    elif lines:
        yield text_line(f"{title}:")
        for one in lines[:most]:
            yield from blocked(console, text_line(one), indent="    ", first="  - ")
        if len(lines) > most:
            yield text_line(f"    and {len(lines) - most} more")
