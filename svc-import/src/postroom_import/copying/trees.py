"""Reading the folders of a mailbox."""

from collections.abc import Iterable, Mapping

from postroom_import.copying.parties import Party
from postroom_import.copying.planning import Folder, Namespace, Tree
from postroom_import.copying.special_folders import use_told
from postroom_import.imap.mailboxes import Mailbox
from postroom_import.imap.names import MailboxName, decode_utf7
from postroom_import.imap.results import NamespaceEntry, Namespaces


async def read_tree(party: Party) -> tuple[Tree, Mapping[MailboxName, int]]:
    """Return the folders of *party*'s mailbox and the number of messages in each."""
    client = await party.client()
    with party.speaking():
        namespaces = await client.namespaces()
        boxes = await client.mailboxes(status_items=("MESSAGES",))
    tree = Tree(
        folders=[_folder(box) for box in boxes],
        namespace=_namespace(namespaces, boxes),
        foreign_prefixes=frozenset(_text(entry) for entry in (*namespaces.others, *namespaces.shared)),
    )
    return tree, {box.name: box.counts.get("MESSAGES", 0) for box in boxes}


def _folder(box: Mailbox) -> Folder:
    return Folder(
        name=box.name,
        use=use_told(box.special_use),
        separator=box.separator,
        holds_messages=box.is_selectable,
        is_subscribed=box.subscribed,
    )


def _namespace(namespaces: Namespaces, boxes: Iterable[Mailbox]) -> Namespace:
    if namespaces.personal:
        entry = namespaces.personal[0]
        return Namespace(_text(entry), entry.separator)
    separators = [box.separator for box in boxes if box.separator]
    return Namespace("", separators[0] if separators else None)


def _text(entry: NamespaceEntry) -> str:
    try:
        return decode_utf7(entry.prefix)
    except ValueError:
        return entry.prefix.decode("utf-8", "replace")
