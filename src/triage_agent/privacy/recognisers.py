r"""All recognisers in the order in which they look: what one took, the next ones miss.

Not recognised, and therefore sent:

- Personal names. Only a trained model recognises them well, and those of spaCy (and so of
  presidio), GLiNER, flair and stanza cannot be installed as a dependency: they are downloaded from
  elsewhere; names-dataset rests on a leak. In a trial spaCy's small English model missed Raj, Ana
  and priya, took Jira and Notion for people, and needed 31 ms a text and 350 MB.
- Postal addresses, and numbers spelled with letters (1-800-FLOWERS).
- Phone numbers that begin with neither + nor 0, are not North American, follow no word such as
  "call" or "mobile", and stand in a text that does not show their country.
- Passwords that nothing introduces, or that read as a sentence ("the password is the dog's name").

Every pattern is a plain string, which `re` compiles at its first use: each start of the program
imports this module. Possessive and bounded repetitions keep the time proportional to the length.
If a pattern has groups, the one that matched is what is hidden.
"""

from functools import partial

from triage_agent.privacy.addresses import emails, encoded_emails, spoken_emails
from triage_agent.privacy.keys import LOGIN, WEBHOOK, long_keys, shaped_keys, urls_with_secrets
from triage_agent.privacy.numbers import (
    accounts,
    cards,
    harmless,
    ibans,
    papers,
    personal_numbers,
    security_codes,
)
from triage_agent.privacy.passwords import passwords
from triage_agent.privacy.phones import (
    GAP,
    START,
    all_phones,
    claimed_phones,
    introduced_phones,
    national_phones,
    phones,
    spoken_phones,
)
from triage_agent.privacy.scanning import Recognisers, scan

# As phone, card and account numbers are written; nine digits or more in all.
LONG_NUMBER = rf"{START}(?<!\d\.)\+?\(?\d(?:{GAP}\d){{8,}}(?!\w)"

# What a text must hold for a kind to be in it at all: most hold none, and are done soon.
MARKS = {
    "LOGIN": ("://",),
    "URL": ("://",),
}
SIX_DIGITS = r"\d(?:\W{0,4}\d){5}"  # of the numbers, unless they are short and introduced

SECRETS: Recognisers = (
    ("KEY", shaped_keys),
    ("EMAIL", encoded_emails),
    ("EMAIL", emails),
    ("EMAIL", spoken_emails),
    ("KEY", passwords),
    ("KEY", long_keys),
    ("ACCOUNT", accounts),
    ("ACCOUNT", papers),
    ("ACCOUNT", security_codes),
    ("ACCOUNT", ibans),
    ("ACCOUNT", personal_numbers),
    ("PHONE", spoken_phones),
    ("PHONE", claimed_phones),
)
RECOGNISERS: Recognisers = (
    ("URL", urls_with_secrets),
    *SECRETS,
    ("CARD", cards),
    ("", harmless),
    ("PHONE", phones),
    ("PHONE", introduced_phones),
    ("PHONE", national_phones),
)
MASKED: Recognisers = (
    ("LOGIN", partial(scan, LOGIN)),
    ("KEY", partial(scan, WEBHOOK)),
    *SECRETS,
    ("ACCOUNT", partial(scan, LONG_NUMBER)),
    ("CARD", cards),
    ("PHONE", all_phones),
    ("PHONE", introduced_phones),
    ("PHONE", national_phones),
)
# Those that find nothing in a text without six digits.
DIGITS = {
    accounts,
    cards,
    harmless,
    phones,
    all_phones,
    introduced_phones,
    national_phones,
    claimed_phones,
}
