"""Which cells are dates or times of day, in figures or with the month in words."""

import re

# In the languages whose headers are known (intake/foreign_words.toml), and as they are cut short.
MONTHS = (
    r"(?:jan(?:uary|uar|vier|uari|eiro)?|jänner|ene(?:ro)?|gen(?:naio)?"
    r"|feb(?:ruary|ruar|brero|braio|ruari)?|f[eé]v(?:rier|ereiro)?"
    r"|mar(?:ch|s|zo|ço)?|märz|mrz|maart|mrt|a(?:pr|vr|br)(?:il|ile)?"
    r"|ma[iy]|mayo|mag(?:gio)?|maio|mei|ju[nl][eiy]?|ju[nl][ih]o|juin|juil(?:let)?"
    r"|giu(?:gno)?|lug(?:lio)?|aug(?:ust|ustus)?|ao[uû]t|ago(?:sto)?"
    r"|sept?(?:ember|embre|iembre)?|set(?:tembre|iembre|embro)?|o[ck]t(?:ober|obre|ubre)?"
    r"|ott(?:obre)?|out(?:ubro)?|nov(?:ember|embre|iembre|embro)?"
    r"|de[cz](?:ember|embro)?|d[eé]c(?:embre)?|dic(?:iembre|embre)?)\.?"
)
DAY = r"\d{1,2}(?:\.|º|°|er|st|nd|rd|th)?"
WEEKDAY = r"(?:[^\W\d_]{2,10}(?:-feira)?[.,]? (?:den |le |the )?)?"
DATE = re.compile(
    r"(?:\d{4}[-/.]\d{1,2}[-/.]\d{1,2}|\d{1,2}[-/.]\d{1,2}[-/.]\d{2,4}"
    r"|(?:\w{3,9},? )?\d{1,2}\.?[ -][A-Za-z]{3,9}\.?[ -]\d{2,4}|[A-Za-z]{3,9}\.? \d{1,2},? \d{4}"
    rf"|{WEEKDAY}{DAY}[ /-]?(?:de |of |di )?{MONTHS},?[ /-]?(?:de |del )?\d{{2,4}}"
    rf"|{WEEKDAY}{MONTHS} (?:{DAY},? )?(?:de |del )?\d{{4}})"
    r"(?:[T ,]+(?:um |à |at |às |alle |a las )?\d{1,2}:\d{2}.{0,24})?"
    r"|\d{1,2}:\d{2}(?::\d{2})?(?: ?[ap]m)?",
    re.IGNORECASE,
)
