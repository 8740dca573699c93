"""What codes mean in plain English, for every kind of report."""

from triage_agent.advice import Advice, Recommendation, Rule, Step, advice_table
from triage_agent.intake import percent
from triage_agent.types import Abstention, Classification, DecidedBy, Label, Outcome, ReviewReason

SUREST = 0.99  # no model can be more certain about a stranger's text
LABEL = {Label.BUILD: "software to build", Label.AUTOMATE: "work to automate"}
# What a count of answers is called: by label, or by outcome where there is none.
ANSWER = {label.value: words for label, words in LABEL.items()} | {
    Outcome.ABSTAINED.value: "no label",
    Outcome.ERROR.value: "error",
}
LABEL_STYLE = {Label.BUILD: "bold cyan", Label.AUTOMATE: "bold green"}
DECIDED = {
    DecidedBy.TB1: "a rule decided: software for customers is to be built",
    DecidedBy.TB2: "a rule decided: engineering is to be led, or a custom system to be coded",
    DecidedBy.TB3: "a rule decided: a recurring process done by staff is named",
    DecidedBy.TB4: "nothing in the text decides, so the more common answer",
    DecidedBy.PERSON: "as a person said",
}
RULE = {
    Rule.D0: "No problem that counts?",
    Rule.D1: "Problems of both kinds, software for customers, and the revenue for both?",
    Rule.D2: "More to build than to automate?",
    Rule.D3: "More to automate than to build?",
    Rule.D4: "As many of one kind as of the other?",
}
WAITING = {Recommendation.TAKE_THE_QUIZ, Recommendation.NO_DECISION}  # nothing to be firm
ONE_PROBLEM = "not settled: one problem only"  # its reason says what to do about that
MEANING = {
    "firm": "Firm: nothing that is still open could change it.",
    "provisional": "Provisional: what is still open could change it.",
}
ABSTAINED = {
    Abstention.NEITHER: "about neither kind of work",
    Abstention.TOO_VAGUE: "too vague to tell which kind is meant",
    Abstention.UNKNOWN_LANGUAGE: "in a language that this backend does not know",
}
REVIEW = {
    ReviewReason.TB4: "nothing in the text decided it",
    ReviewReason.NO_EVIDENCE: "no passage of the text supports it",
    ReviewReason.INSTRUCTS_READER: "the text tries to instruct its reader",
    ReviewReason.TRUNCATED: "the text was too long and only its beginning was read",
    ReviewReason.BACKENDS_DISAGREE: "the backends disagree",
    ReviewReason.UNCERTAIN: "the model is not sure enough",
    ReviewReason.HOLDS_SEVERAL: "the text seems to hold several problems",
}


def abstained_words(because: Abstention) -> str:
    """Return why a row has no label."""
    return ABSTAINED[because]


def review_words(row: Classification) -> str:
    """Return why a person should look at a row."""
    return "; ".join(REVIEW[reason] for reason in row.review_reasons)


def answer_words(row: Classification, person: str = "as a person said") -> str:
    """Return the answer about a problem in a sentence, without ids, for somebody who reads a table.

    `person` says whose answer it is where no model's counts.

    >>> from triage_agent.types import Outcome
    >>> sure = Classification(
    ...     "1", "", Outcome.CLASSIFIED, "", "", label=Label.AUTOMATE, probability=0.9
    ... )
    >>> answer_words(sure)
    'Work to automate (90 % sure)'
    """
    if row.error:
        return f"Not answered: {row.error.message}"
    if row.label is None:
        because = abstained_words(row.abstained_because) if row.abstained_because else "none fits"
        return f"No answer: {because}"
    said = label_words(row.label).capitalize()
    by_person = row.decided_by is DecidedBy.PERSON
    if sure := person if by_person else sure_words(row.probability):
        said += f" ({sure})"
    return f"{said}. To look at: {review_words(row)}" if row.needs_review else said


def decided_words(row: Classification) -> str:
    """Return what decided a label, and how likely it is right if that is known."""
    if row.decided_by and row.decided_by is not DecidedBy.MODEL:
        return DECIDED[row.decided_by]
    if row.probability is None:
        return "how sure is not known"
    rough = " (uncalibrated)" if "uncalibrated" in (row.probability_from or "") else ""
    return f"{sure_words(row.probability)}{rough}"


def sure_words(probability: float | None) -> str:
    """Return how sure an answer is; empty if that is not known.

    >>> sure_words(0.981), sure_words(0.9999)
    ('98 % sure', 'over 99 % sure')
    """
    if probability is None:
        return ""
    over = "over " if probability > SUREST else ""
    return f"{over}{percent(min(probability, SUREST))} sure"


def label_words(label: Label) -> str:
    """Return a label in words."""
    return LABEL[label]


def counted_words(answer: str) -> str:
    """Return a label, or the outcome of what has none, in words.

    >>> counted_words("automate-process"), counted_words("abstained")
    ('work to automate', 'no label')
    """
    return ANSWER[answer]


def recommendation_words(recommendation: Recommendation) -> str:
    """Return a recommendation in words, as it stands within a sentence.

    >>> recommendation_words(Recommendation.DO_IT_YOURSELF)
    'do it yourself'
    """
    return advice_table()[recommendation].answer


def headline_words(advice: Advice) -> str:
    """Return the recommendation in a sentence, and in brackets how firm it is."""
    mark = firmness_mark(advice)
    return f"{advice.plan.headline} ({mark})" if mark else advice.plan.headline


def firmness_mark(advice: Advice) -> str:
    """Return how firm a recommendation is, in a few words; empty: it recommends nothing yet.

    What rests on one problem is not called firm, even if nothing that is open could change it.
    """
    if advice.provisional:
        return "provisional"
    if advice.recommendation in WAITING:
        return ""
    return "firm" if advice.decision.votes.cast > 1 else ONE_PROBLEM


def firmness_words(advice: Advice) -> str:
    """Return what the mark means, in a sentence; empty where the reason says it."""
    return MEANING.get(firmness_mark(advice), "")


def rule_words(step: Step) -> str:
    """Return the question that a rule asks, in words."""
    return RULE[step.rule]


def trace_line(step: Step) -> str:
    """Return one rule that was tried, whether it applied, and why; its id stands last.

    >>> trace_line(Step(Rule.D2, False, "1 to build, 2 to automate"))
    'More to build than to automate? No: 1 to build, 2 to automate. (D2)'
    """
    answer = "Yes" if step.applied else "No"
    return f"{rule_words(step)} {answer}: {step.because}. ({step.rule.value})"
