"""Folders with a purpose: what a server says about them (RFC 6154), else what people call them."""

import unicodedata
from enum import StrEnum


class SpecialUse(StrEnum):
    r"""The purpose of a folder; the value is the RFC 6154 attribute in lower case."""

    DRAFTS = "\\drafts"
    SENT = "\\sent"
    JUNK = "\\junk"
    TRASH = "\\trash"
    ARCHIVE = "\\archive"
    ALL = "\\all"
    FLAGGED = "\\flagged"
    IMPORTANT = "\\important"

    @property
    def is_view(self) -> bool:
        """Whether such a folder shows messages that live elsewhere: copying it would only repeat them."""
        return self in {SpecialUse.FLAGGED, SpecialUse.IMPORTANT}


# Names that mail programs and providers give; the first ones win where a mailbox has several.
_NAMES: dict[SpecialUse, tuple[str, ...]] = {
    SpecialUse.DRAFTS: (
        "Drafts", "Draft", "Brouillons", "Brouillon", "Entwürfe", "Entwurf", "Bozze", "Bozza",
        "Borradores", "Borrador", "Rascunhos", "Concepten", "Kladder", "Utkast", "Luonnokset", "Szkice", "Koncepty",
        "Черновики", "下書き", "草稿", "草稿箱",
    ),
    SpecialUse.SENT: (
        "Sent", "Sent Messages", "Sent Items", "Sent Mail", "Sent-mail", "Envoyés", "Messages envoyés",
        "Éléments envoyés", "Objets envoyés", "Courrier envoyé", "Boîte d'envoi", "Gesendet", "Gesendete Objekte",
        "Gesendete Elemente", "Gesendete Nachrichten", "Inviati", "Posta inviata", "Messaggi inviati",
        "Elementi inviati", "Inviata", "Enviados", "Elementos enviados", "Mensajes enviados", "Itens Enviados",
        "Verzonden", "Verzonden items", "Sendt", "Sendt post", "Skickat", "Lähetetyt", "Wysłane", "Odeslané",
        "Отправленные", "送信済みメール", "已发送", "已傳送",
    ),
    SpecialUse.JUNK: (
        "Junk", "Junk E-mail", "Junk Email", "Junk Mail", "Spam", "Bulk Mail", "Indésirables", "Courrier indésirable",
        "Pourriel", "Pourriels", "Unerwünscht", "Junk-E-Mail", "Spamverdacht", "Werbung", "Posta indesiderata",
        "Indesiderata", "Correo no deseado", "Lixo eletrónico", "Lixo Eletrônico", "Ongewenste e-mail",
        "Skräppost", "Uønsket mail", "Roskaposti", "Niechciane", "Nevyžádaná pošta", "Спам", "迷惑メール", "垃圾邮件",
    ),
    SpecialUse.TRASH: (
        "Trash", "Deleted Messages", "Deleted Items", "Deleted", "Bin", "Corbeille", "Poubelle", "Éléments supprimés",
        "Messages supprimés", "Papierkorb", "Gelöschte Objekte", "Gelöschte Elemente", "Gelöscht", "Cestino",
        "Posta eliminata", "Elementi eliminati", "Papelera", "Elementos eliminados", "Lixo", "Lixeira",
        "Itens Excluídos", "Prullenbak", "Verwijderde items", "Papirkurv", "Slettet post", "Papperskorgen",
        "Borttaget", "Roskakori", "Kosz", "Koš", "Корзина", "Удаленные", "ゴミ箱", "已删除", "垃圾桶",
    ),
    SpecialUse.ARCHIVE: (
        "Archive", "Archives", "Archived", "Archiv", "Archivio", "Archivo", "Arquivo", "Archief", "Arkiv", "Arkisto",
        "Archiwum", "Архив", "アーカイブ", "存档",
    ),
}  # fmt: skip


def _folded(name: str) -> str:
    return unicodedata.normalize("NFC", name).casefold().replace("\N{RIGHT SINGLE QUOTATION MARK}", "'").strip()


_BY_NAME: dict[str, tuple[SpecialUse, int]] = {
    _folded(name): (use, rank) for use, names in _NAMES.items() for rank, name in enumerate(names)
}


def use_told(special_use: str | None) -> SpecialUse | None:
    r"""Return the purpose that a server tells, such as "\\Sent"."""
    return SpecialUse(special_use.lower()) if special_use else None


def use_by_name(name: str) -> tuple[SpecialUse, int] | None:
    """Return the purpose that a top-level folder of this name usually has, and a rank: the lowest is the likeliest."""
    return _BY_NAME.get(_folded(name))
