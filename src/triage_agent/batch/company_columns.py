"""Which column says what the business is called: by its name, and by cells that can be names."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from triage_agent.batch.column_kinds import CLOSED_ANSWER, Kind, is_reference
from triage_agent.batch.column_notes import Seen
from triage_agent.batch.column_words import what_is_asked

LONGEST = 8  # words on average; longer ones are sentences
MOST = 0.8  # of the cells show what a column holds
_KIND = r"(?:company|business|biz|organi[sz]ation|firm|enterprise|legal entity)"
_OTHER = r"(?:client|customer|account|practice|shop|store|studio|restaurant|agency|school|charity)"
_BEFORE = r"(?:(?:your|the|our|legal|trading|registered|official|contact|current) )*"
# The surer that the cells are names of businesses, the earlier.
COMPANY = (
    re.compile(
        rf"\bname of (?:your|the|our) {_KIND}$"
        rf"|^(?:what is |what s )?{_BEFORE}{_KIND} (?:s )?name$|^{_BEFORE}trading (?:name|as)$"
        rf"|\b(?:which|what) {_KIND} (?:are you (?:with|from|at)|do you (?:run|own|work for"
        rf"|work at|represent|lead|have)|is (?:this|it)(?: about)?)\b"
        rf"|\bwhat is your {_KIND} called$"
    ),
    re.compile(rf"^{_BEFORE}{_KIND}$|^{_KIND} (?:and|or) {_KIND}$|^{_KIND} {_KIND}$"),
    re.compile(rf"^{_BEFORE}{_OTHER}(?: s)?(?: name)?$|\bname of (?:your|the|our) {_OTHER}$"),
)
BARE = re.compile(r"(?:item |task |card |page |record )?name|account")  # of anything
BUSINESS_WORDS = """
ltd limited llc llp lp inc incorporated corp corporation co company plc pty gmbh ag kg ohg ug ev
bv nv sa sarl sas sl slu srl spa lda ltda ab oy as aps sons brothers bros group holding holdings
services service solutions consulting consultants partners associates agency studio studios dental
clinic hospital pharmacy bakery plumbing heating electrical roofing joinery carpentry builders
construction engineering logistics logistik transport freight catering kitchen cafe restaurant
hotel bar brewery farm foods food market store shop supplies trading wholesale fasteners
manufacturing industries metals mgmt management property properties realty estates homes insurance
accounting accountants tax law legal solicitors media design print marketing analytics software
systems technologies tech labs digital school academy college university nursery care fitness gym
salon spa travel tours motors garage cars cleaning security landscaping gardens interiors
furniture muebles optik praxis kanzlei atelier verlag
"""
BUSINESS = re.compile(
    rf"&|\b(?:{'|'.join(BUSINESS_WORDS.split())}|[bn]\.v|s\.[alr](?:\.[rl])?)\b", re.I
)


def company_column(columns: Sequence[str]) -> str | None:
    """Return the column with the name of the company, by the names alone; None: several may be.

    >>> company_column(["Client", "Pain", "Which company are you with?", "Company size"])
    'Which company are you with?'
    """
    found = next(_by_name({one: what_is_asked(one) for one in columns}), [])
    return found[0] if len(found) == 1 else None


@dataclass(frozen=True, slots=True)
class CompanyChoice:
    """The column that names the businesses, and what is to be said of those that do not."""

    column: str | None
    note: str | None = None


def choose_company(
    columns: Sequence[str], cells: Mapping[str, Sequence[str]], seen: Seen
) -> CompanyChoice:
    """Return the column that names the businesses; the surest name counts whose cells are names.

    `cells` are the texts of each column. A list of things called "Name" is one of businesses only
    if many of them are written like one.
    """
    others: dict[str, str] = {}
    asked = {one: what_is_asked(seen.asked.get(one, one)) for one in columns}
    for found in _by_name(asked):
        held = {one: _what_else(cells[one], seen.cells[one].kind) for one in found}
        others |= {one: what for one, what in held.items() if what}
        names = [one for one, what in held.items() if not what and seen.cells[one].words < LONGEST]
        if len(names) == 1:
            return CompanyChoice(names[0])
        if names:
            return CompanyChoice(
                None,
                f"Several columns may name the business, and none is taken for it: "
                f"{seen.listed(names)} (--company-column).",
            )
    bare = [one for one in columns if BARE.fullmatch(asked[one])]
    bare = [one for one in bare if seen.cells[one].kind is Kind.NAMES]
    if len(bare) == 1 and _are_businesses(cells[bare[0]]):
        return CompanyChoice(bare[0])
    if not others:
        return CompanyChoice(None)
    column, what = next(iter(others.items()))
    return CompanyChoice(
        None,
        f"No business is called as {seen.listed([column])} says, which holds {what}. Name the "
        "column with the names if there is one: --company-column.",
    )


def _by_name(asked: Mapping[str, str]) -> Iterator[list[str]]:
    """Yield the columns whose names say that they name the company, the surest ones first."""
    for sure in COMPANY:
        if found := [one for one, said in asked.items() if sure.search(said)]:
            yield found


def _what_else(texts: Sequence[str], kind: Kind) -> str | None:
    """Return what cells hold that are no names; None: they may be names, or are empty.

    >>> _what_else(["C-101", "C-102"], Kind.IDS), _what_else(["Acme", "Reed Ltd"], Kind.NAMES)
    ('ids', None)
    """
    least = MOST * len(texts)
    if not texts:
        return None
    if sum(CLOSED_ANSWER.fullmatch(text) is not None for text in texts) >= least:
        return Kind.CLOSED.value
    if sum(map(is_reference, texts)) >= least:
        return kind.value if kind in {Kind.CONTACTS, Kind.DATES} else Kind.IDS.value
    return None


def _are_businesses(texts: Sequence[str]) -> bool:
    """Return whether enough of some names are written like those of businesses.

    >>> _are_businesses(["Reed Dental", "Baker & Sons"]), _are_businesses(["Ann Reed", "Website"])
    (True, False)
    """
    names = set(texts)
    return bool(names) and 2 * sum(BUSINESS.search(one) is not None for one in names) >= len(names)
