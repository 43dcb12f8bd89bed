"""What commands of every group say, in both languages."""

from dataclasses import dataclass

from postroom.command_line.languages import Texts


@dataclass(frozen=True, kw_only=True, slots=True)
class Words:
    """Of the frame around the commands."""

    bad_url: str
    plain_url: str
    not_signed_in: str
    bad_token: str
    signed_in_elsewhere: str
    unreadable_sign_in: str
    open_sign_in: str
    unreachable: str
    not_the_suite: str
    stopped: str
    our_fault: str
    password_of: str
    no_terminal_for_password: str
    password_file: str
    too_few_passwords: str
    empty_password: str


WORDS = Texts(
    english=Words(
        bad_url="{url} is not the address of a suite. Write it as https://mail.example.com",
        plain_url="{url} is not encrypted: your sign-in could be read on the way. Use its https:// address.",
        not_signed_in="You are not signed in. Run `postroom login`, or set POSTROOM_URL and POSTROOM_TOKEN.",
        bad_token="POSTROOM_TOKEN holds no API token. They look like postroom_…",  # noqa: S106 - no token
        signed_in_elsewhere="You are signed in to {kept}, not to {url}. Run `postroom login --url {url}`.",
        unreadable_sign_in="The kept sign-in cannot be read ({file}). Run `postroom login` again.",
        open_sign_in="Others may read {file}. Close it: chmod 600 {file}",
        unreachable="{url} does not answer ({reason}). Is the address right, and does the suite run? "
        "(`postroom status`)",
        not_the_suite="That is no answer of a suite. Is --url right, and what stands before the suite in order?",
        stopped="Stopped.",
        our_fault="Something went wrong in this program: {error}. Please report it with the output of "
        "POSTROOM_DEBUG=1 and the same command.",
        password_of="Password of {login}: ",  # noqa: S106 - a question
        no_terminal_for_password="There is no terminal to ask for the password. Give it with --password-file, "  # noqa: S106
        "or on the standard input with --password-file -",
        password_file="The password file cannot be read: {reason}",  # noqa: S106
        too_few_passwords="{wanted} passwords are needed, one a line, and {found} came.",
        empty_password="The password is empty.",  # noqa: S106
    ),
    french=Words(
        bad_url="{url} n'est pas l'adresse d'une suite. Écrivez-la ainsi : https://mail.example.com",
        plain_url="{url} n'est pas chiffrée : votre connexion pourrait être lue en chemin. "
        "Utilisez son adresse https://.",
        not_signed_in="Vous n'êtes pas connecté. Lancez `postroom login`, ou définissez POSTROOM_URL et "
        "POSTROOM_TOKEN.",
        bad_token="POSTROOM_TOKEN ne contient pas de jeton d'API. Ils ressemblent à postroom_…",  # noqa: S106
        signed_in_elsewhere="Vous êtes connecté à {kept}, pas à {url}. Lancez `postroom login --url {url}`.",
        unreadable_sign_in="La connexion enregistrée est illisible ({file}). Relancez `postroom login`.",
        open_sign_in="D'autres peuvent lire {file}. Fermez-le : chmod 600 {file}",
        unreachable="{url} ne répond pas ({reason}). L'adresse est-elle juste, et la suite est-elle en marche ? "
        "(`postroom status`)",
        not_the_suite="Ce n'est pas une réponse de la suite. --url est-il juste, et ce qui la précède en ordre ?",
        stopped="Arrêté.",
        our_fault="Une erreur est survenue dans ce programme : {error}. Merci de la signaler avec ce qu'affiche la "
        "même commande sous POSTROOM_DEBUG=1.",
        password_of="Mot de passe de {login} : ",  # noqa: S106 - a question
        no_terminal_for_password="Il n'y a pas de terminal pour demander le mot de passe. "  # noqa: S106
        "Donnez-le par --password-file, ou sur l'entrée standard par --password-file -",
        password_file="Le fichier du mot de passe est illisible : {reason}",  # noqa: S106
        too_few_passwords="Il faut {wanted} mots de passe, un par ligne ; {found} reçu(s).",
        empty_password="Le mot de passe est vide.",  # noqa: S106
    ),
)
