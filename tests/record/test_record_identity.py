"""Whose record it is: every refusal of the contract's section 9, with its way out."""

from contextlib import nullcontext
from dataclasses import replace

import pytest
from record_builders import SHA, opened, started

from mmsbatch.errors import Refusal
from mmsbatch.record.fold import Record
from mmsbatch.record.identity import KEY_VARIABLE, Identity, KeyMissing, check_identity, choose_keeping
from mmsbatch.record.journal import JournalWriter, read_journal
from mmsbatch.record.paths import BESIDE
from mmsbatch.record.tokens import keep_as_tokens

ACCOUNT = "3f2a9c0d1e4b"
CHECK = keep_as_tokens("our key").key_check


def journal(gateway="production", account=ACCOUNT, campaign="winter-sale.yaml"):
    return opened(gateway=gateway, account=account, campaign=campaign)


OURS = "winter-sale.journal.jsonl"
REHEARSAL = "winter-sale.rehearsal.journal.jsonl"
#: Journals by file, other files, the gateway and account at hand, what is refused (None: nothing), the way out.
FOLDERS = {
    "no record": ({}, [], "production", ACCOUNT, None, ""),
    "its own": ({OURS: journal()}, [], "production", ACCOUNT, None, ""),
    "its own, account not known": ({OURS: journal(account="other")}, [], "production", "", None, ""),
    "its own, both renamed": ({OURS: journal(campaign="former.yaml")}, [], "production", ACCOUNT, None, ""),
    "another account": (
        {OURS: journal(account="aaaa00000000")},
        [],
        "production",
        ACCOUNT,
        f"{OURS}:1: it is the record of another account (aaaa00000000, not {ACCOUNT})",
        "use the credentials of the account that it was begun with",
    ),
    "another gateway's content": (
        {OURS: journal(gateway="rehearsal")},
        [],
        "production",
        ACCOUNT,
        f"{OURS}:1: it is a record for the gateway rehearsal, not production",
        "put the journal back under its own name",
    ),
    "another gateway, same account": (
        {REHEARSAL: journal(gateway="rehearsal")},
        [],
        "production",
        ACCOUNT,
        f"{REHEARSAL} is a record of this campaign for the same account, under the gateway rehearsal",
        "send with --gateway rehearsal",
    ),
    "production before, rehearsal now, same account": (
        {OURS: journal()},
        [],
        "rehearsal",
        ACCOUNT,
        f"{OURS} is a record of this campaign for the same account, under the gateway production",
        "send with --gateway production",
    ),
    "another gateway, another account": (
        {REHEARSAL: journal(gateway="rehearsal", account="aaaa00000000")},
        [],
        "production",
        ACCOUNT,
        None,
        "",
    ),
    "a copied journal": (
        {OURS: journal(campaign="spring.yaml"), "spring.journal.jsonl": journal(campaign="spring.yaml")},
        ["spring.yaml"],
        "production",
        ACCOUNT,
        f"{OURS}:1: it is a copy of the record of spring.yaml, which has its own",
        "if this campaign is a copy too, it needs no journal of the other: move the copied one away",
    ),
    "renamed with its journal, and a new campaign under the former name": (
        {OURS: journal(campaign="spring.yaml")},
        ["spring.yaml"],
        "production",
        ACCOUNT,
        None,
        "",
    ),
    "renamed, and the gateway too": (
        {"former.journal.jsonl": journal(campaign="former.yaml")},
        [],
        "other",
        ACCOUNT,
        "winter-sale.yaml has no record, and former.journal.jsonl has no campaign: renamed?",
        "rename former.journal.jsonl to",
    ),
    "renamed": (
        {"former.journal.jsonl": journal(campaign="former.yaml")},
        [],
        "production",
        ACCOUNT,
        "winter-sale.yaml has no record, and former.journal.jsonl has no campaign: renamed?",
        f"rename former.journal.jsonl to {OURS} (and its manifest) too, or say --new-campaign",
    ),
    "renamed, at another gateway": (
        {"former.rehearsal.journal.jsonl": journal(gateway="rehearsal", campaign="former.yaml")},
        [],
        "rehearsal",
        ACCOUNT,
        "winter-sale.yaml has no record, and former.rehearsal.journal.jsonl has no campaign: renamed?",
        f"rename former.rehearsal.journal.jsonl to {REHEARSAL}",
    ),
    "another campaign's record": (
        {"former.journal.jsonl": journal(campaign="former.yaml")},
        ["former.yaml"],
        "production",
        ACCOUNT,
        None,
        "",
    ),
    "another campaign's record, .yml": (
        {"former.journal.jsonl": journal(campaign="former.yml")},
        ["former.yml"],
        "production",
        ACCOUNT,
        None,
        "",
    ),
}


def check(folder, gateway, account, new_campaign=False):
    campaign = folder / "winter-sale.yaml"
    campaign.touch()
    paths = BESIDE.paths(campaign, gateway)
    check_identity(read_journal(paths.journal).record, Identity(campaign, gateway, account), paths, new_campaign)


def lay_out(folder, journals, files):
    for name, event in journals.items():
        JournalWriter(folder / name, read_journal(folder / name).tail).append(event)
    for name in files:
        (folder / name).touch()


@pytest.mark.parametrize(("journals", "files", "gateway", "account", "refusal", "hint"), FOLDERS.values(), ids=FOLDERS)
def test_a_folder_is_refused_or_not(tmp_path, journals, files, gateway, account, refusal, hint):
    lay_out(tmp_path, journals, files)
    with pytest.raises(Refusal) if refusal else nullcontext() as caught:
        check(tmp_path, gateway, account)
    if refusal:
        assert caught.value.message == refusal
        assert caught.value.hint.startswith(hint)


def test_a_new_campaign_may_be_said_to_be_one(tmp_path):
    lay_out(tmp_path, {"former.journal.jsonl": journal(campaign="former.yaml")}, [])
    check(tmp_path, "production", ACCOUNT, new_campaign=True)


def test_a_campaign_reached_by_a_link_has_one_record(tmp_path):
    (tmp_path / "real").mkdir()
    (tmp_path / "real" / "winter-sale.yaml").touch()
    (tmp_path / "link.yaml").symlink_to(tmp_path / "real" / "winter-sale.yaml")
    assert BESIDE.paths(tmp_path / "link.yaml", "production").journal == tmp_path / "real" / OURS


@pytest.mark.parametrize(
    ("gateway", "names"),
    [
        ("production", (OURS, "winter-sale.manifest.json", "winter-sale.lock")),
        ("rehearsal", (REHEARSAL, "winter-sale.rehearsal.manifest.json", "winter-sale.rehearsal.lock")),
    ],
)
def test_a_record_has_its_names(tmp_path, gateway, names):
    paths = BESIDE.paths(tmp_path / "winter-sale.yaml", gateway)
    assert (paths.journal.name, paths.manifest.name, paths.lock.name) == names


TOKENS = opened(numbers="token", key_check=CHECK)
#: The first line, the key in the environment, whether plain is in order, what comes of it.
KEEPINGS = {
    "new, a key": (None, "our key", False, "token"),
    "new, a key, plain in order": (None, "our key", True, "token"),
    "new, plain in order": (None, "", True, "plain"),
    "new, neither": (None, "", False, "winter-sale.yaml: the record would hold phone numbers in plain text"),
    "plain stays plain": (opened(), "", False, "plain"),
    "plain stays plain, a key": (opened(), "our key", False, "plain"),
    "tokens, the key": (TOKENS, "our key", False, "token"),
    "tokens, no key": (TOKENS, "", True, f"winter-sale.yaml: the record holds tokens, and {KEY_VARIABLE} is not set"),
    "tokens, another key": (TOKENS, "another", True, f"winter-sale.yaml: {KEY_VARIABLE} is not the key"),
}


@pytest.mark.parametrize(("first", "key", "may_be_plain", "expected"), KEEPINGS.values(), ids=KEEPINGS)
def test_numbers_are_kept_as_begun_or_not_at_all(first, key, may_be_plain, expected):
    refused = expected not in ("token", "plain")
    with pytest.raises(Refusal) if refused else nullcontext() as caught:
        keeping = choose_keeping(first, {KEY_VARIABLE: key} if key else {}, may_be_plain, "winter-sale.yaml")
    if refused:
        assert caught.value.message.startswith(expected)
        assert KEY_VARIABLE in caught.value.message + caught.value.hint
        assert isinstance(caught.value, KeyMissing) is (first is TOKENS)
        assert key not in caught.value.message.replace(KEY_VARIABLE, "") or not key
    else:
        assert keeping.numbers == expected


def test_the_same_file_sent_from_elsewhere_in_the_repository_is_refused(tmp_path):
    (tmp_path / "old").mkdir()
    former = tmp_path / "old" / "winter-sale.journal.jsonl"
    writer = JournalWriter(former, read_journal(former).tail)
    writer.append(journal())
    writer.append(started(1))
    (tmp_path / "old" / "winter-sale.yaml").touch()
    campaign = tmp_path / "winter-sale.yaml"
    paths = BESIDE.paths(campaign, "production")
    same = Identity(campaign, "production", ACCOUNT, "Soldes", started(1).campaign_sha256, tmp_path)
    with pytest.raises(Refusal, match="the very same file was sent as"):
        check_identity(Record(), same, paths, new_campaign=False)
    check_identity(Record(), same, paths, new_campaign=True)
    check_identity(Record(), replace(same, sha256="edited"), paths, new_campaign=False)
    check_identity(Record(), replace(same, account="another"), paths, new_campaign=False)


def test_a_campaign_moved_to_another_folder_and_edited_is_known_by_its_name(tmp_path):
    (tmp_path / "old").mkdir()
    former = tmp_path / "old" / "winter-sale.journal.jsonl"
    writer = JournalWriter(former, read_journal(former).tail)
    writer.append(journal())
    writer.append(started(1))
    campaign = tmp_path / "winter-sale.yaml"
    paths = BESIDE.paths(campaign, "production")
    edited = Identity(campaign, "production", ACCOUNT, "Soldes", "edited", tmp_path)
    with pytest.raises(Refusal, match="a campaign of this name was sent as old/winter-sale"):
        check_identity(Record(), edited, paths, new_campaign=False)
    check_identity(Record(), replace(edited, name="Another"), paths, new_campaign=False)
    check_identity(Record(), edited, paths, new_campaign=True)


@pytest.mark.parametrize(
    ("name", "sha256", "is_ours"),
    [("Soldes", "edited", True), ("Other", SHA, True), ("Other", "edited", False), ("", "", True)],
    ids=["its name", "its content", "neither", "not known"],
)
def test_a_journal_of_another_file_must_be_of_this_campaign(tmp_path, name, sha256, is_ours):
    campaign = tmp_path / "winter-sale.yaml"
    paths = BESIDE.paths(campaign, "production")
    writer = JournalWriter(paths.journal, read_journal(paths.journal).tail)
    writer.append(journal(campaign="spring.yaml"))
    writer.append(started(1))
    identity = Identity(campaign, "production", ACCOUNT, name, sha256, tmp_path)
    with (
        nullcontext()
        if is_ours
        else pytest.raises(
            Refusal, match=r"journal.jsonl:1: it is the record of another campaign: spring.yaml, sent as `name: Soldes`"
        )
    ):
        check_identity(read_journal(paths.journal).record, identity, paths, new_campaign=False)
