"""Which folder goes where: by purpose, by name, with prefixes and separators of both sides."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from postroom_import.copying.planning import Choice, Folder, Namespace, PlannedFolder, Tree, plan_folders
from postroom_import.copying.special_folders import SpecialUse, use_by_name
from postroom_import.imap.names import MailboxName

SLASH = Namespace("", "/")
DOT = Namespace("", ".")
INBOX_DOT = Namespace("INBOX.", ".")
TARGET_FOLDERS = {
    "INBOX": None,
    "Sent": SpecialUse.SENT,
    "Drafts": SpecialUse.DRAFTS,
    "Junk": SpecialUse.JUNK,
    "Trash": SpecialUse.TRASH,
    "Archive": SpecialUse.ARCHIVE,
}


def tree(folders: dict[str, SpecialUse | None], namespace: Namespace = SLASH, **more: frozenset[str]) -> Tree:
    listed = [Folder(MailboxName.of(name), use, namespace.separator) for name, use in folders.items()]
    return Tree(listed, namespace, **more)


def names(planned: list[PlannedFolder]) -> dict[str, str]:
    return {each.source.text: each.target.text for each in planned}


def mapped(
    source: dict[str, SpecialUse | None], namespace: Namespace = SLASH, *, to: Namespace = SLASH, **choice: object
) -> dict[str, str]:
    """Return source -> target where the target has the usual special folders."""
    target = tree({n if n == "INBOX" else to.prefix + n: use for n, use in TARGET_FOLDERS.items()}, to)
    return names(plan_folders(tree(source, namespace), target, Choice(**choice)))  # type: ignore[arg-type]  # of tests


@pytest.mark.parametrize(
    ("name", "use"),
    [
        ("Gesendet", SpecialUse.SENT),
        ("Gesendete Objekte", SpecialUse.SENT),
        ("Messages envoyés", SpecialUse.SENT),
        ("Éléments envoyés", SpecialUse.SENT),
        ("Posta inviata", SpecialUse.SENT),
        ("sent items", SpecialUse.SENT),
        ("Entwürfe", SpecialUse.DRAFTS),
        ("Brouillons", SpecialUse.DRAFTS),
        ("Bozze", SpecialUse.DRAFTS),
        ("Papierkorb", SpecialUse.TRASH),
        ("Corbeille", SpecialUse.TRASH),
        ("Cestino", SpecialUse.TRASH),
        ("Deleted Items", SpecialUse.TRASH),
        ("Courrier indésirable", SpecialUse.JUNK),
        ("Posta indesiderata", SpecialUse.JUNK),
        ("Spam", SpecialUse.JUNK),
        ("Archiv", SpecialUse.ARCHIVE),
        ("Archivio", SpecialUse.ARCHIVE),
        (unicodedata.normalize("NFD", "Entwürfe"), SpecialUse.DRAFTS),
        ("Projets", None),
        ("Sent by fax", None),
    ],
)
def test_a_top_level_name_tells_its_purpose_in_many_languages(name: str, use: SpecialUse | None) -> None:
    found = use_by_name(name)

    assert (found[0] if found else None) is use


@pytest.mark.parametrize("name", ["Gesendet", "Messages envoyés", "Posta inviata", "Sent Items"])
def test_special_folders_meet_by_purpose_and_sub_folders_follow(name: str) -> None:
    assert mapped({name: None, f"{name}/2024": None, f"{name}/2024/Q1": None}) == {
        name: "Sent",
        f"{name}/2024": "Sent/2024",
        f"{name}/2024/Q1": "Sent/2024/Q1",
    }


def test_what_the_server_says_counts_more_than_a_name() -> None:
    assert mapped({"Ausgang": SpecialUse.SENT, "Sent": None}) == {"Ausgang": "Sent", "Sent": "Sent"}
    assert mapped({"Sent": SpecialUse.DRAFTS}) == {"Sent": "Drafts"}


def test_of_several_likely_names_one_is_moved_and_the_others_stay() -> None:
    assert mapped({"Gesendete Objekte": None, "Gesendet": None}) == {
        "Gesendet": "Sent",
        "Gesendete Objekte": "Gesendete Objekte",
    }


def test_names_below_the_top_level_are_what_they_are() -> None:
    assert mapped({"Firma/Gesendet": None}) == {"Firma/Gesendet": "Firma/Gesendet"}
    assert mapped({"INBOX/Gesendet": None}) == {"INBOX/Gesendet": "Sent"}


def test_special_folders_stay_where_they_are_when_the_person_wants_that() -> None:
    assert mapped({"Gesendet": SpecialUse.SENT}, match_special=False) == {"Gesendet": "Gesendet"}


@pytest.mark.parametrize(
    ("source", "namespace", "to", "target"),
    [
        ("INBOX.Projekte.A", INBOX_DOT, SLASH, "Projekte/A"),
        ("Projekte/A", SLASH, INBOX_DOT, "INBOX.Projekte.A"),
        ("INBOX/Projekte", SLASH, INBOX_DOT, "INBOX.Projekte"),
        ("INBOX/Projekte", SLASH, SLASH, "INBOX/Projekte"),
        ("inbox", SLASH, INBOX_DOT, "INBOX"),
        ("Firma A.G.", SLASH, DOT, "Firma A\N{FULLWIDTH FULL STOP}G\N{FULLWIDTH FULL STOP}"),
        ("a/b", DOT, SLASH, "a\N{FULLWIDTH SOLIDUS}b"),
        ("A/B", SLASH, Namespace("", None), "A-B"),
        (unicodedata.normalize("NFD", "Équipe"), SLASH, SLASH, "Équipe"),
        ("100% sûr & 'gut'", SLASH, SLASH, "100% sûr & 'gut'"),
    ],
)
def test_prefix_and_separator_of_one_side_become_those_of_the_other(
    source: str, namespace: Namespace, to: Namespace, target: str
) -> None:
    assert mapped({source: None}, namespace, to=to) == {MailboxName.of(source).text: target}


def test_the_target_is_spelt_as_it_is_when_it_has_the_folder_in_another_unicode_form() -> None:
    decomposed = unicodedata.normalize("NFD", "Équipe")
    planned = plan_folders(tree({"Équipe": None}), tree({decomposed: None}), Choice())

    assert names(planned) == {"Équipe": decomposed}
    assert planned[0].exists


def test_folders_of_other_people_and_views_are_left_alone() -> None:
    source = tree(
        {"INBOX": None, "user/bert": None, "user": None, "Marked": SpecialUse.FLAGGED, "Vip": SpecialUse.IMPORTANT},
        foreign_prefixes=frozenset({"user/"}),
    )

    assert names(plan_folders(source, tree({"INBOX": None}), Choice())) == {"INBOX": "INBOX"}


def test_a_folder_that_shows_all_mail_comes_last_and_goes_to_the_archive() -> None:
    planned = mapped({"All Mail": SpecialUse.ALL, "INBOX": None, "Zoo": None})

    assert list(planned.items())[-1] == ("All Mail", "Archive")


def test_folders_are_left_out_with_their_sub_folders() -> None:
    source: dict[str, SpecialUse | None] = {"INBOX": None, "A": None, "A/B": None, "A/B/C": None, "AB": None}

    assert list(mapped(source, exclude=("A/B",))) == ["INBOX", "A", "AB"]
    assert list(mapped(source, include=("A",), exclude=("A/B/C",))) == ["A", "A/B"]


LEVEL = st.text(st.characters(blacklist_categories=("Cs", "Cc")), min_size=1, max_size=8).filter(
    lambda text: text.strip("./") and text.upper() != "INBOX"
)


@given(
    paths=st.lists(st.lists(LEVEL, min_size=1, max_size=3).map(tuple), min_size=1, max_size=12, unique=True),
    to=st.sampled_from([SLASH, DOT, INBOX_DOT]),
)
def test_no_two_folders_become_one_by_the_spelling_of_the_target(paths: list[tuple[str, ...]], to: Namespace) -> None:
    normal = {tuple(unicodedata.normalize("NFC", level) for level in path) for path in paths}
    wide = {"\N{FULLWIDTH FULL STOP}", "\N{FULLWIDTH SOLIDUS}"}
    plain = [path for path in normal if not wide & set("".join(path))]

    assert len({to.name(path) for path in plain}) == len(plain)
    for path in plain:
        assert not any(separator in level for level in path for separator in (to.separator or "")) or to.name(path)


@given(st.lists(st.sampled_from(["INBOX", "Sent", "Gesendet", "A", "A/B", "Drafts", "Brouillons", "Z"]), unique=True))
def test_the_same_folders_give_the_same_plan_in_whatever_order_they_are_listed(listed: list[str]) -> None:
    forward = mapped(dict.fromkeys(listed))
    backward = mapped(dict.fromkeys(reversed(listed)))

    assert list(forward.items()) == list(backward.items())
    assert set(forward) == set(listed)
