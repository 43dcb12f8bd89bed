"""A refusal of the API in plain words, with what to do about it, and the exit code it leads to."""

from collections.abc import Mapping
from dataclasses import dataclass
from http import HTTPStatus

from postroom.command_line.exit_codes import ExitCode
from postroom.command_line.languages import Language, Texts
from postroom.command_line.words import WORDS
from postroom.public_api import UNTYPED, ApiProblemError
from postroom_shared.errors import TYPE_PREFIX


@dataclass(frozen=True, slots=True)
class Advice:
    """What is said of one problem.

    Attributes:
        what: What happened.
        remedy: What to do about it.
    """

    what: str
    remedy: str


Advices = Mapping[str, Texts[Advice]]
"""By the slug of the problem, `import/wrong-password`."""

_AGAIN = Texts(
    english=Advice(
        "The suite answers, but not this part of it.", "Try again in a moment; `postroom status` tells more."
    ),
    french=Advice(
        "La suite répond, mais pas cette partie.", "Réessayez dans un moment ; `postroom status` en dit plus."
    ),
)
_NOT_SIGNED_IN = Texts(
    english=Advice("Your sign-in is not valid any more: it expired or was revoked.", "Run `postroom login` again."),
    french=Advice("Votre connexion n'est plus valable : expirée ou révoquée.", "Relancez `postroom login`."),
)
_TOO_MANY = Texts(
    english=Advice("Too many tries in a short time.", "Wait a minute, then try again."),
    french=Advice("Trop d'essais en peu de temps.", "Attendez une minute, puis réessayez."),
)

GENERAL_ADVICE: Advices = {
    "shared/unauthenticated": _NOT_SIGNED_IN,
    "shared/invalid-token": _NOT_SIGNED_IN,
    "shared/missing-scope": Texts(
        english=Advice(
            "The API token does not cover this.", "Run `postroom login` again: the token it makes covers all commands."
        ),
        french=Advice(
            "Le jeton d'API ne permet pas cela.", "Relancez `postroom login` : son jeton permet toutes les commandes."
        ),
    ),
    "shared/forbidden": Texts(
        english=Advice("You may not do this.", "Ask an administrator of your organisation for the right."),
        french=Advice("Vous n'en avez pas le droit.", "Demandez-le à un administrateur de votre organisation."),
    ),
    "shared/no-organisation": Texts(
        english=Advice("You act in no organisation.", "Sign in as somebody who belongs to one."),
        french=Advice("Vous n'agissez dans aucune organisation.", "Connectez-vous avec un membre d'une organisation."),
    ),
    "shared/rate-limited": _TOO_MANY,
    "gateway/too-many-requests": _TOO_MANY,
    "gateway/too-many-sign-ins": _TOO_MANY,
    "gateway/service-down": _AGAIN,
    "gateway/service-busy": _AGAIN,
    "gateway/no-answer": _AGAIN,
    "gateway/bad-answer": _AGAIN,
    "shared/unavailable": _AGAIN,
    "gateway/sign-in-unavailable": _AGAIN,
    "gateway/wrong-credentials": Texts(
        english=Advice("E-mail or password is wrong.", "It is your own sign-in that is asked for, not a mailbox's."),
        french=Advice(
            "L'e-mail ou le mot de passe est faux.",
            "C'est votre propre connexion qui est demandée, pas celle d'une boîte.",
        ),
    ),
    "gateway/not-a-member": Texts(
        english=Advice("You do not belong to this organisation.", "Choose another with --organisation."),
        french=Advice("Vous n'appartenez pas à cette organisation.", "Choisissez-en une autre par --organisation."),
    ),
    "gateway/too-many-tokens": Texts(
        english=Advice("You have as many API tokens as one may have.", "Revoke one in the console, then try again."),
        french=Advice(
            "Vous avez le nombre maximal de jetons d'API.", "Révoquez-en un dans la console, puis réessayez."
        ),
    ),
    "shared/internal": Texts(
        english=Advice("Something went wrong in the suite.", "Its logs have the reason; tell its operator."),
        french=Advice(
            "Une erreur est survenue dans la suite.", "Ses journaux en ont la raison ; prévenez l'exploitant."
        ),
    ),
}
_BY_STATUS = {
    HTTPStatus.UNAUTHORIZED: ExitCode.NOT_ALLOWED,
    HTTPStatus.FORBIDDEN: ExitCode.NOT_ALLOWED,
    HTTPStatus.TOO_MANY_REQUESTS: ExitCode.NOT_NOW,
    HTTPStatus.REQUEST_TIMEOUT: ExitCode.NOT_NOW,
    HTTPStatus.INTERNAL_SERVER_ERROR: ExitCode.OUR_FAULT,
}


def slug_of(type_uri: str) -> str:
    """Return the slug in the `type` of a problem."""
    return type_uri.removeprefix(TYPE_PREFIX)


def exit_code_of(problem: ApiProblemError) -> ExitCode:
    """Return how a command ends that was refused so."""
    if problem.status in _BY_STATUS:
        return _BY_STATUS[HTTPStatus(problem.status)]
    return ExitCode.NOT_NOW if problem.status > HTTPStatus.INTERNAL_SERVER_ERROR else ExitCode.USAGE


def may_pass(problem: ApiProblemError) -> bool:
    """Tell whether the same request may succeed a moment later."""
    return exit_code_of(problem) is ExitCode.NOT_NOW


def in_words(problem: ApiProblemError, advices: Advices, language: Language) -> str:
    """Return what is the matter and what to do, one line each.

    The suite's own words are English; they stand where there is no advice. A fault of the suite names its request.
    """
    texts = {**GENERAL_ADVICE, **advices}.get(slug_of(problem.type))
    lines = [texts[language].what, texts[language].remedy] if texts else [str(problem)]
    if problem.type == UNTYPED:
        lines.append(WORDS[language].not_the_suite)
    if problem.request_id and exit_code_of(problem) is ExitCode.OUR_FAULT:
        lines.append(f"request_id={problem.request_id}")
    return "\n".join(lines)
