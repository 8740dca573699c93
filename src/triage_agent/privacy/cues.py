"""The words that give a password away: what leads to one, and what a text without any lacks."""

PLACE = r"""(?:alarm|door|gate|entry|access|security|safe|vault|lock|lock[ ]?box|key[ ]?box
    |key[ ]?pad
    |key[ ]?safe|padlock|garage|unlock|disarm|override|verification|log-?in|one[- ]time|2fa|mfa|otp
    |backup
    |authenticator|recovery|voice[ ]?mail|sim|till|shed|locker|cabinet|screen|wi-?fi|wlan|wpa2?
    |router)"""
THING = r"""(?:door|gate|safe|alarm|lock\w*|garage|key[ ]?pad|till|vault|shed|entrance|flat|unit
    |phone
    |i?pad|laptop|padlock|cabinet|barrier|lift|key[ ]?box|key[ ]?safe)"""
CUE = rf"""(?xi)(?<![^\W_]) (?:
      (?P<word>pass[ ]?(?:word|code|phrase)|passwd|passwort|kennwort|contraseña
      |mot[ ]de[ ]passe|wachtwoord|senha|parola|lösenord|adgangskode|hasło|pwd|pswd|pw
      |(?:wi-?fi|wlan|wpa2?)[ ](?:code|key|pass)
      |pass(?=[ ]?[:=]|[ ][–—-][ ]|[ ](?:is|was)[ ]))
    | (?P<key>secret(?:[ _-]?(?:access[ _-]?)?key)?|token|(?:api|access|auth|private)[ _-]?key)
    | (?P<digits>(?-i:PIN|PUK|OTP)|pin(?![ ]?(?:pads?|boards?|points?|stripes?|wheels?|headers?)\b)
      |{PLACE}[ ](?:pin[ ])?(?:code|combination|combo|pin|key|number(?=[ ]is))
      |(?:code|combination|combo|pin)(?=[ ](?:for|to|of|on|at)[ ](?:\w{{1,12}}[ ]){{0,3}}{THING}\b)
      |combination(?=[ ](?:is|was)\b|[ ]?:) |override(?=[ ]is\b|:)
      |key[ ]?pad|key[ ]?safe|lock[ ]?box|padlock
      |(?:safe|vault|gate|door|alarm|garage)(?=[ ](?:opens?|unlocks?|disarms?)[ ]with\b)
      |(?:alarm|safe|vault)(?=[ ]?:)
      |code(?=[ ]\d{{4,8}}[ ](?:on|for|at|to)[ ](?:the|our|my)[ ](?:\w{{1,12}}[ ])?{THING}\b) )
    ) (?:[ ](?:code|number)\b)? (?:(?!['’]s\b)['"’*_`\]]){{0,3}}+(?![^\W_])
    (?:[ ]\([^()\n]{{1,40}}\)(?=[ ]?(?:[:=]|is\b|was\b)))?"""
PAIR = r"""(?xi)\b(?:
      (?:creds?|credentials?|log[ -]?ins?|sign[ -]?in|log[ -]?on
    |user(?:[ ]?name)?(?:/pass(?:word)?)?|wi-?fi)
      (?:[ ](?:details?|info|data))? (?:[ ]?[:=–—-]|[ ]is|[ ]are|[ ]with)[ ]
      (?=[^\s/|]*[a-z\0])[^\s/|:,]{2,40}[ ]?[/|,:][ ]?
    | (?<![\w/.-])(?:admin|administrator|root)(?:[ ]?:[ ]?|/)(?![^\s/]{0,99}/)
    | (?<=[ ])(?:-u|--user)[ ][\w.@-]{1,40}: )"""
REVERSED = r"""(?xi)(?:\b(?:with|use|uses|using|used|enter|type|typed?|typing|put|try|set|has|have
    |then
    |and)\s|^|[,:(]\s?) (\S{4,60}) [ ](?:(?:as|for|is)[ ](?:the|our|my|your|his|her|their|its|a)[ ]
    (?:\w{1,12}[ ]){0,2}|(?:when|where|if|at)[ ][^.\n]{1,30}?\b)(?:password|passcode|passphrase|pin
    |pwd)\b
    (?![ -](?:manager|reset|polic|protect|for[ ]all|rule|field|hash|vault))"""
REVERSED_CODE = rf"""(?xi)(?<![\w.,$€£-])(\d{{4,8}}\#?)[ ](?:as|is)[ ]
    (?:the|our|my|his|her|their|your)[ ](?:\w{{1,12}}[ ]){{0,2}}
    (?:pin|passcode|{PLACE}[ ](?:code|pin|combination))\b"""
# Words that many people make a password of, signs and all: P@ssw0rd, Winter2024!
USUAL = r"""(?x)(?<![\w#@/.-])(?:(?=[^\s:;,=<>"']{0,20}[\d!@$])(?i:p[a@][s5$]{2}w[o0]r?d)
      [^\s"',;<>]{0,30}
    | [A-Z][a-z]{2,15}\d{2,4}[!#$%&*]{1,3}(?!\w))"""

VERB = r"""(?:is|was|are|were|be|been|being|remains|reads|to|equals|now|goes|as|stays|became|it
    |(?:used[ ]to|has|had|will|should|must|would|can)[ ](?:always[ ])?be(?:en)?
    |(?:changed|went|moved)[ ]from
    |(?:opens?|unlocks?|disarms?)[ ]with)"""
FILLER = r"(?:now|still|just|currently|set|changed|reset|to|always|simply|again|probably|either)"
LEADS = {  # what leads from the cue to the value, and what must then be true of it
    "sign": r"(?:[ ]{0,2}(?::=?|=>?|>|->|→|—|–|[ ]-(?=[ ]))[ ]{0,2}\n?[ ]{0,4}(?:it['’]s[ ])?)",
    "words": rf"(?i:(?:['’]s(?:[ ]always[ ]been)?|[ ]{VERB})(?:[ ]{FILLER}){{0,3}}[ ]?:?\s{{1,4}})",
    "line": r"(?:\n[ ]{0,4})",
    "owner": rf"""(?i:(?:,?[ ][\w'’&/-]{{1,20}}){{1,6}}?,?
        (?:[ ]?[:=][ ]?|[ ](?:[-–—]|=>|->|→)[ ]|[ ]{VERB}(?:[ ]{FILLER}){{0,3}}[ ]?:?\s{{1,4}}))""",
    "later": r"(?:[^.!?\n:,]{0,60}[:,?][ ](?:it['’]s[ ])?)",
    "for": r"(?i:[ ](?:for|to|of|on|at)(?:[ ][\w'’-]{1,15}){1,4}?[ ](?=[*\#\d]))",
    "aside": r"(?:,[ ])",
    "nothing": r"(?:[ ]\(?)",
}
AGAIN = (  # and what leads from one password to the next
    r"""(?xi)[^\n.!?]{0,40}?\b(?:old|new|other|previous|former|first|second|last|next|current|that)
        (?:[ ](?:one|password|pin|code))?(?:['’]s|[ ]is|[ ]was|[ ]?[:=])[ ]""",
    r"(?i)[,;]?\s(?:or|then|and|now|before that|also|sometimes|to)[ ](?:it's )?",
)

# Without one of these a text holds no cue: most are done soon.
CUE_LETTERS = r"""(?x)contras|mot[ ]de|wacht|kennw|senha|parola|lösen|adgang|hasło
    |(?:alarm|safe|vault)[ ]?:|pass(?!es|ing|eng|ion|iv|age)|pw|pswd
    |(?<![a-z])pin|puk|otp|(?<!bar)code
    |(?<!mon)(?<!tur)key|token|secret|combin(?!ed|es|ing)|override|opens?[ ]with|(?<![bcf])lock
    |disarm"""
LETTERS = (
    *(
        "contras",
        "mot de",
        "wacht",
        "kennw",
        "senha",
        "parola",
        "lösen",
        "adgang",
        "hasło",
        "alarm:",
    ),
    *("pass", "pw", "pswd", "pin", "puk", "otp", "code", "key", "token", "secret", "combin"),
    *("override", "opens", "open with", "lock", "disarm"),
)
PAIR_LETTERS = r"cred|log[ -]?[io]n|sign[ -]?in|user|wi-?fi|admin|root"
USUAL_LETTERS = r"(?i)[a-z]\d{2,4}[!#$%&*]|p[a@][s5$]{2}w"
