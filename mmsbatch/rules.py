"""The registry of rules: every finding of `validate` and `plan` is of one of them.

Read by the code (severity), the docs (`docs/rules.md` is made from it) and the tests.
Rule ids are stable: pipelines filter on them.
"""

from dataclasses import dataclass

from mmsbatch.diagnostics import Diagnostic, Position, Severity


@dataclass(frozen=True, slots=True)
class Rule:
    """What a rule holds, and where the gateway's manual asks for it.

    `manual` is a section number of the manual's body, `statuses` the gateway statuses
    that the rule prevents; both are empty where the rule is ours alone.
    """

    id: str
    severity: Severity
    summary: str
    manual: str = ""
    statuses: tuple[int, ...] = ()


def _error(rule: str, summary: str, manual: str = "", *statuses: int) -> Rule:
    return Rule(rule, Severity.ERROR, summary, manual, statuses)


def _warning(rule: str, summary: str, manual: str = "", *statuses: int) -> Rule:
    return Rule(rule, Severity.WARNING, summary, manual, statuses)


_ALL = (
    # --- the YAML itself
    _error("file-unreadable", "The file is missing, cannot be read, or is not UTF-8 text."),
    _error("yaml-syntax", "The file is not well-formed YAML."),
    _error("yaml-empty", "The file holds no document, or more than one."),
    _error("yaml-duplicate-key", "A key stands twice in one mapping; YAML would silently keep the last."),
    _error("yaml-key", "A key is not plain text."),
    _error("yaml-alias", "An alias names no anchor, or the anchor that it stands in."),
    _error("yaml-tag", "A tag (`!…`) changes how a value is read."),
    _error("yaml-too-large", "The document is nested too deeply, or explodes when its aliases are walked."),
    _warning("unquoted-number", "A phone number or date stands without quotes: other YAML tools misread it."),
    # --- the schema
    _error("schema-type", "A value is of the wrong type."),
    _error("schema-required", "A key that must be there is missing."),
    _error("schema-unknown-key", "A key that the format does not know."),
    _error("schema-forbidden-key", "A key that does not go with the others (a video in an image message)."),
    _error("schema-value", "A value is not one of those allowed."),
    _error("schema-range", "A number is below or above its bounds."),
    _error("schema-pattern", "A text is not of the form asked for."),
    _error("schema-length", "A text, list or mapping is too short or too long, or has an entry twice."),
    # --- the campaign
    _error("campaign-name", "The campaign's name has a line break or a character that XML forbids.", "1.2", 106),
    _error(
        "campaign-file-name",
        "A campaign's file name has a dot in its stem, or differs from another by extension alone.",
    ),
    _error("file-outside", "A file that the campaign names lies outside the repository."),
    _error(
        "schedule-invalid",
        "The schedule is no real date, or a local time that does not exist or exists twice.",
        "1.2",
        121,
    ),
    _error("schedule-past", "The schedule is in the past, or less than five minutes ahead.", "1.2", 121),
    _error("media-url", "A medium's URL is not of the form that the gateway takes.", "1.2", 113),
    _error("media-extension", "A medium's URL does not end as its type asks.", "1.2", 112),
    _warning("media-extension-unusual", "The ending `.midi` is not in the manual, which has `.mid`.", "5", 112),
    _warning("media-duration-zero", "A duration of 0 seconds passes, and is probably not meant.", "1.2", 120),
    _warning("recipients-at-run-time", "The campaign names no recipients: `--recipients FILE` does, at run time."),
    _warning("campaign-draft", "The campaign is a draft: it is validated, never planned or sent."),
    # --- the configuration
    _error("config-gateway", "A gateway is named that the configuration does not have."),
    _error("config-url", "A gateway's URL is not one that can be used."),
    _error("config-charset", "A gateway's charset is unknown, or does not write ASCII as ASCII."),
    _error("config-fiction", "`fiction_numbers: accept` is only for a gateway on loopback."),
    _error("config-store", "A setting of the git store where records are kept in the folder."),
    _error("config-not-built", "A setting of the contract that this version does not carry out yet."),
    # --- the message
    _error("template-syntax", "The text is no valid Jinja template."),
    _error("template-forbidden", "The text uses a part of Jinja that a message must not use."),
    _error("template-undefined", "A variable has no value for some recipients."),
    _error("template-failed", "The text cannot be rendered for some recipients."),
    _error("template-too-large", "Rendering takes more steps, or gives a longer text, than a message needs."),
    _error("message-empty", "The text is empty once rendered.", "1.2", 110),
    _error("message-too-long", "The text is longer than its type allows, for some recipients.", "1.2", 111),
    _error(
        "message-character",
        "The text holds a character that XML, or the gateway's charset, does not have.",
        "1.3",
        106,
    ),
    _warning("message-euro", "The sign € is replaced by E on old handsets and by some operators.", "1.3"),
    _warning("variable-unused", "A constant under `variables` is not used by the text."),
    # --- CSV files
    _error("csv-empty", "The file is empty, or has a header and no rows."),
    _error("csv-encoding", "The file is neither UTF-8 nor Windows-1252 text."),
    _error("csv-header", "The header line has an empty, unreadable or no delimiter-separated name."),
    _error("csv-column-missing", "A column that is asked for is not in the header."),
    _error("csv-column-duplicate", "Two columns have the same name, or the same once folded."),
    _error("csv-cells", "A row has more or fewer cells than the header."),
    _error("csv-quotes", "A quoted cell is not closed, or goes on after its closing quote."),
    # --- numbers
    _error("number-empty", "The cell of the phone number is empty.", "1.4", 123),
    _error("number-letters", "A phone number holds letters.", "1.4", 123),
    _error(
        "number-characters",
        "A phone number holds other signs than digits, +, spaces, dots, dashes and (0).",
        "1.4",
        123,
    ),
    _error(
        "number-scientific",
        "A spreadsheet wrote the number in scientific notation: digits are lost.",
        "1.4",
        123,
    ),
    _error("number-several", "One cell holds two numbers.", "1.4", 123),
    _error("number-length", "A phone number has too few or too many digits.", "1.4", 123),
    _error("number-landline", "A landline or a number for calls cannot take an MMS.", "1.4", 123),
    _error("number-foreign", "The number belongs to another country: the gateway serves France only.", "1.2", 123),
    _error("number-overseas", "The range belongs to an overseas territory with its own country code.", "1.4", 123),
    _error("number-m2m", "The range 0700 is for machines (14 digits).", "1.4", 123),
    _error("number-prefix", "The range is not among the gateway's `mobile_prefixes`.", "1.4", 123),
    _error(
        "number-fiction",
        "The number is of the range reserved for fiction; this gateway is real.",
        "1.4",
    ),
    _warning("number-zero-restored", "Leading zeros eaten by a spreadsheet were restored.", "1.4"),
    _warning("duplicate-differs", "Rows of the same number differ in cells that the text uses; the first row wins."),
    # --- suppression lists
    _error("suppression-unreadable", "A suppression list is missing, empty, or has a row that cannot be read."),
    # --- the plan
    _error("plan-recipients", "More recipients than `limits.recipients` allows, over the whole revision."),
    _error("plan-credits", "More credits than `limits.credits` allows, over the whole revision."),
    _error("plan-rejected", "More numbers were rejected so far than `limits.max_rejected` allows.", "1.4", 123),
    _error("plan-price-unknown", "`limits.credits` asks for a check, and the price of a message is not known."),
    _error("plan-credit-short", "The account has fewer credits than the plan needs.", "2.2", 103, 104),
    _error("plan-revision", "The revision is lower than the record's highest, or was raised over unsettled doubt."),
    _error("plan-mixed", "Text, variables or media changed when a part was already sent."),
    _warning("plan-record-plain", "The record would hold plain numbers in a git work tree: `apply` refuses."),
    _warning("plan-schedule-moved", "The schedule changed when a part was already handed over for another date."),
    _warning("plan-price-guess", "The price of a message is not known: credits are a lower bound."),
    _warning("plan-resend", "Some recipients got an earlier revision and would get this one too."),
)

RULES = {rule.id: rule for rule in _ALL}


def finding(rule: str, file: str, where: Position, message: str, hint: str = "") -> Diagnostic:
    """Make a diagnostic of a registered rule, with its severity.

    Raises KeyError for a rule that is not registered.
    """
    return Diagnostic(RULES[rule].severity, rule, file, where.line, where.column, message, hint)
