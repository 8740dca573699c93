"""Second and third header rows, as survey tools write them: found, and put into the names."""

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from triage_agent.tables.kinds import column, filled, is_typed, kind_of, text_in, typed_places
from triage_agent.tables.row import Value

IMPORT_ID = re.compile(r'\s*\{\s*"ImportId"\s*:')  # Qualtrics' third row
# SurveyMonkey's second row, over a question that is answered once.
RESPONSE = re.compile(
    r"(?:open[- ]?ended |offene |respuesta |réponse )?"
    r"(?:response|antwort|beantwortung|réponse|respuesta|resposta|risposta|antwoord|svar"
    r"|abierta|ouverte)(?: ouverte| abierta| aberta| aperta)?",
    re.IGNORECASE,
)
LONG_NUMBER = re.compile(r"^\D?\d{3,}$")  # no grade, as a scale has
TRUTH = {"yes", "no", "true", "false", "y", "n", "x"}
CODE = re.compile(r"[\w.\-\[\]()#]+")
NO_WORD = re.compile(r"[A-Za-z]{0,3}\d\S*")


@dataclass(frozen=True, slots=True)
class HeaderRows:
    """The names that several header rows give, and how many of those rows follow the first."""

    names: tuple[str, ...]
    extra: int = 0


def read_header_rows(rows: Sequence[Sequence[Value]]) -> HeaderRows:
    """Return the names that a table's first rows give; `rows` begins with the header.

    Qualtrics writes codes, questions and {"ImportId": …}; SurveyMonkey questions, then the answers
    to choose from or "Response"; LimeSurvey codes and questions, in either order. Every other
    second row is data.
    """
    first = [text_in(cell) for cell in rows[0]]
    for extra in (1, 2):
        if len(rows) > extra and _are_import_ids(rows[extra]):
            texts = [text_in(cell) for cell in rows[1]] if extra == 2 else []
            return HeaderRows(_coded(first, texts), extra)
    if len(rows) > 2:
        second, body = [text_in(cell) for cell in rows[1]], rows[2:]
        if _are_answers(first, second, body):
            return HeaderRows(_with_answers(first, second), 1)
        if _are_codes_and_questions(first, second, body):
            return HeaderRows(_coded(first, second), 1)
        if _are_codes_and_questions(second, first, body):
            return HeaderRows(_coded(second, first), 1)
    # As they stand: a line break in the middle of a question is part of the column's name.
    return HeaderRows(tuple("" if cell is None else str(cell) for cell in rows[0]))


def name_of_code(code: str, text: str) -> str:
    """Return the name of a column that has a code and a question.

    >>> name_of_code("Q3", "What slows you down?"), name_of_code("StartDate", "Start Date")
    ('Q3: What slows you down?', 'StartDate')
    """
    if not code or not text or code == text:
        return code or text
    return f"{code}: {text}" if NO_WORD.fullmatch(code) else code


def with_groups(names: Sequence[str], above: Sequence[Value]) -> tuple[str, ...]:
    """Return names that stand several times with the heading that spans them in the row above.

    >>> with_groups(["id", "sold", "cost", "sold"], ["", "2023", "", "2024"])
    ('id', '2023 / sold', 'cost', '2024 / sold')
    """
    heading, found, times = "", list[str](), Counter(names)
    for place, name in enumerate(names):
        heading = (text_in(above[place]) if place < len(above) else "") or heading
        twice = name.strip() and times[name] > 1
        found.append(f"{heading} / {name}" if twice and heading else name)
    return tuple(found)


def _are_import_ids(cells: Sequence[Value]) -> bool:
    """Return whether a row holds Qualtrics' import ids and nothing else."""
    texts = [text for cell in cells if (text := text_in(cell))]
    return bool(texts) and all(IMPORT_ID.match(text) for text in texts)


def _are_answers(
    first: Sequence[str], second: Sequence[str], body: Sequence[Sequence[Value]]
) -> bool:
    """Return whether a second row says under each question what could be answered.

    It holds "Response" or stands under cells without a name, and it is no form itself: what is
    known of every form (its id, its date) is blank in it.
    """
    places = [place for place, text in enumerate(second) if text]
    nameless = [place for place in places if not _at(first, place)]
    responses = [
        place
        for place in places
        if RESPONSE.fullmatch(second[place]) and second[place] not in column(body, place)
    ]
    if not nameless and not responses:
        return False
    chosen = False
    for place in places:
        if kind_of(second[place]) not in {"text", "number"} or LONG_NUMBER.search(second[place]):
            return False
        if _at(first, place) and not _is_group(first, second, place):
            if kind_of(second[place]) != "text":
                return False
        elif place in nameless and second[place] in (below := set(column(body, place))):
            if below != {second[place]}:  # an answer like any other
                return False
            chosen = chosen or second[place].casefold() not in TRUTH
    blank = sum(
        bool(name) and not _at(second, place) and len(column(body, place)) == len(body)
        for place, name in enumerate(first)
    )
    tight = all(
        place in responses or not _at(first, place) or _is_group(first, second, place)
        for place in places
    )
    # A form, too, can say "Response" once.
    certain = chosen or any(" " in second[place] for place in responses) or len(responses) > 1
    if tight and (certain or (blank and responses)):
        return True
    return blank >= 2 and bool(nameless) and len(body) > 1


def _is_group(first: Sequence[str], second: Sequence[str], place: int) -> bool:
    """Return whether the cell to the right has no name, but an answer."""
    return not _at(first, place + 1) and bool(_at(second, place + 1))


def _with_answers(first: Sequence[str], second: Sequence[str]) -> tuple[str, ...]:
    """Return the questions, with the answer where one question has several columns."""
    question, names = "", list[str]()
    for place in range(max(len(first), len(second))):
        name, answer = _at(first, place), _at(second, place)
        question = name or question
        alone = RESPONSE.fullmatch(answer) and (name or not question)
        if not answer or alone:
            names.append(name)
        else:
            names.append(f"{question} / {answer}" if question else answer)
    return tuple(names)


def _are_codes_and_questions(
    codes: Sequence[str], texts: Sequence[str], body: Sequence[Sequence[Value]]
) -> bool:
    """Return whether one row has a code, the other a text for each column, and neither data.

    Where the rows below have numbers or dates, both have words; a first form would have them too.
    """
    used = [place for place, code in enumerate(codes) if code]
    if len(used) < 3 or not all(CODE.fullmatch(codes[place]) for place in used):
        return False
    said = [texts[place] for place in used if _at(texts, place)]
    if len(said) < len(used) or len(set(said)) < len(said) or filled(texts) != len(used):
        return False
    typed = [place for place in used if is_typed(column(body, place))]
    worded = set(typed_places(texts, body))
    phrases = sum(" " in text for text in said)
    question = any(text.endswith("?") for text in said)
    return (
        len(typed) > (0 if question else 1)
        and set(typed) == worded
        and 3 * phrases >= len(said)
        and any(NO_WORD.fullmatch(codes[place]) for place in used)
        and all(kind_of(text) == "text" for text in said)
        and all(kind_of(codes[place]) == "text" for place in used)
    )


def _coded(codes: Sequence[str], texts: Sequence[str]) -> tuple[str, ...]:
    """Return the columns' names from their codes and texts."""
    places = range(max(len(codes), len(texts)))
    return tuple(name_of_code(_at(codes, place), _at(texts, place)) for place in places)


def _at(texts: Sequence[str], place: int) -> str:
    """Return the text in a place, "" past the end."""
    return texts[place] if place < len(texts) else ""
