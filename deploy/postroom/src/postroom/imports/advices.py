"""What to do about the problems of copies (docs/problems/import), for people at a terminal."""

from postroom.command_line.languages import Texts
from postroom.command_line.problems import Advice, Advices

_LATER = "Nothing was begun. Try again in a few minutes; tell the operator if it lasts."
_PLUS_TARD = "Rien n'a commencé. Réessayez dans quelques minutes ; si cela dure, prévenez l'exploitant."
_AGAIN = "Run the same command again: what was copied is not copied again."
_RELANCER = "Relancez la même commande : ce qui a été copié ne sera pas copié une seconde fois."


def _advice(english: tuple[str, str], french: tuple[str, str]) -> Texts[Advice]:
    return Texts(english=Advice(*english), french=Advice(*french))


IMPORT_ADVICES: Advices = {
    "import/wrong-password": _advice(
        (
            "The mailbox does not accept this password.",
            "Give the password of the address itself, not that of your sign-in. "
            "Some providers want an application password.",
        ),
        (
            "La boîte aux lettres n'accepte pas ce mot de passe.",
            "Donnez le mot de passe de l'adresse elle-même, pas celui de votre connexion. "
            "Certains fournisseurs veulent un mot de passe d'application.",
        ),
    ),
    "import/same-mailbox": _advice(
        ("Source and target are the same mailbox.", "Choose another target; an alias leads to the same mailbox too."),
        (
            "La source et la destination sont la même boîte aux lettres.",
            "Choisissez une autre destination ; un alias mène aussi à la même boîte.",
        ),
    ),
    "import/not-local": _advice(
        (
            "This address is not on this mail server.",
            "Check the spelling. For another provider give --from-host and --from-login.",
        ),
        (
            "Cette adresse n'est pas sur ce serveur de messagerie.",
            "Vérifiez l'orthographe. Pour un autre fournisseur, donnez --from-host et --from-login.",
        ),
    ),
    "import/target-not-attached": _advice(
        ("The target is not attached to you here.", "Choose another, or ask an administrator to attach it to you."),
        (
            "La destination ne vous est pas attachée ici.",
            "Choisissez-en une autre, ou demandez à un administrateur de vous l'attacher.",
        ),
    ),
    "import/target-without-mailbox": _advice(
        ("The target only passes mail on and keeps none.", "Choose another target."),
        ("La destination ne fait que transmettre et ne garde rien.", "Choisissez une autre destination."),
    ),
    "import/not-imap": _advice(
        ("There is no IMAP server there.", "Check host, port and TLS in your provider's instructions."),
        (
            "Il n'y a pas de serveur IMAP à cet endroit.",
            "Vérifiez l'hôte, le port et TLS dans les instructions de votre fournisseur.",
        ),
    ),
    "import/encryption-failed": _advice(
        (
            "No trusted encrypted connection to this server. No password was sent.",
            "Try --from-tls starttls, or the exact host name of your provider's instructions.",
        ),
        (
            "Pas de connexion chiffrée fiable avec ce serveur. Aucun mot de passe n'a été envoyé.",
            "Essayez --from-tls starttls, ou le nom d'hôte exact des instructions de votre fournisseur.",
        ),
    ),
    "import/already-running": _advice(
        ("This copy is already under way.", "`postroom import list` shows it; wait for its end, or cancel it."),
        ("Cette copie est déjà en cours.", "`postroom import list` la montre ; attendez sa fin, ou annulez-la."),
    ),
    "import/source-unavailable": _advice(
        ("The source cannot be opened at the moment.", _LATER),
        ("La source ne peut pas être ouverte pour le moment.", _PLUS_TARD),
    ),
    "import/target-unavailable": _advice(
        ("The target cannot be opened at the moment.", _LATER),
        ("La destination ne peut pas être ouverte pour le moment.", _PLUS_TARD),
    ),
    "import/copy-not-found": _advice(
        ("There is no such copy here.", "`postroom import list` shows the copies that you may see."),
        ("Il n'y a pas de telle copie ici.", "`postroom import list` montre les copies que vous pouvez voir."),
    ),
    "import/wrong-state": _advice(
        ("The copy is over: there is nothing to cancel.", "`postroom import show` tells how it ended."),
        ("La copie est finie : il n'y a rien à annuler.", "`postroom import show` dit comment elle a fini."),
    ),
    "import/source-unreachable": _advice(
        ("The source was out of reach for too long.", _AGAIN),
        ("La source est restée trop longtemps injoignable.", _RELANCER),
    ),
    "import/target-unreachable": _advice(
        ("The target was out of reach for too long.", _AGAIN),
        ("La destination est restée trop longtemps injoignable.", _RELANCER),
    ),
    "import/password-changed": _advice(
        ("The source no longer accepts the password.", f"Find out the new one. {_AGAIN}"),
        ("La source n'accepte plus le mot de passe.", f"Demandez le nouveau. {_RELANCER}"),
    ),
    "import/password-expired": _advice(
        ("The copy stood still for too long.", _AGAIN),
        ("La copie est restée trop longtemps à l'arrêt.", _RELANCER),
    ),
    "import/target-full": _advice(
        ("The target mailbox is full.", f"Make room in it. {_AGAIN}"),
        ("La boîte de destination est pleine.", f"Faites-y de la place. {_RELANCER}"),
    ),
    "import/target-gone": _advice(
        ("The target address no longer exists.", "Choose another target."),
        ("L'adresse de destination n'existe plus.", "Choisissez une autre destination."),
    ),
    "import/target-disabled": _advice(
        ("The target address is disabled.", f"Have it enabled. {_AGAIN}"),
        ("L'adresse de destination est désactivée.", f"Faites-la réactiver. {_RELANCER}"),
    ),
    "import/broken": _advice(
        ("Something went wrong in the suite.", f"Its logs have the reason; tell its operator. {_AGAIN}"),
        (
            "Une erreur est survenue dans la suite.",
            f"Ses journaux en ont la raison ; prévenez l'exploitant. {_RELANCER}",
        ),
    ),
    "shared/host-refused": _advice(
        (
            "This host cannot be used.",
            "Take host and port from your provider's instructions. For a server in your own network, "
            "the operator must allow it.",
        ),
        (
            "Cet hôte ne peut pas être utilisé.",
            "Prenez l'hôte et le port dans les instructions de votre fournisseur. Pour un serveur de votre propre "
            "réseau, l'exploitant doit l'autoriser.",
        ),
    ),
    "shared/host-unreachable": _advice(
        ("This host does not answer.", "Check host and port (993, or 143 with --from-tls starttls), or try later."),
        (
            "Cet hôte ne répond pas.",
            "Vérifiez l'hôte et le port (993, ou 143 avec --from-tls starttls), ou réessayez plus tard.",
        ),
    ),
    "shared/host-certificate": _advice(
        (
            "The certificate of this host is not valid. No password was sent.",
            "Use the exact host name of your provider's instructions.",
        ),
        (
            "Le certificat de cet hôte n'est pas valable. Aucun mot de passe n'a été envoyé.",
            "Utilisez le nom d'hôte exact des instructions de votre fournisseur.",
        ),
    ),
}
