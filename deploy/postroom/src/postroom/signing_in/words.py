"""What signing in and out says, in both languages."""

from dataclasses import dataclass

from postroom.command_line.languages import Texts


@dataclass(frozen=True, kw_only=True, slots=True)
class Words:
    """Of `postroom login` and `postroom logout`."""

    email: str
    no_email: str
    no_such_organisation: str
    no_organisation: str
    signed_in: str
    not_kept: str
    was_not_signed_in: str
    signed_out: str
    still_valid: str


WORDS = Texts(
    english=Words(
        email="E-mail: ",
        no_email="There is no terminal to ask for the e-mail. Give it with --email.",
        no_such_organisation="You do not belong to {wanted}. You may choose: {choice}",
        no_organisation="{email} belongs to no organisation, so there is nothing to act in. "
        "Sign in as a member of one.",
        signed_in="{email} is signed in to {url}, acting in {organisation}, until {until}.",
        not_kept="The sign-in cannot be kept in {file}: {reason}. Choose another folder by XDG_CONFIG_HOME.",
        was_not_signed_in="You were not signed in.",
        signed_out="Signed out of {url}; the token is revoked.",
        still_valid="The token is forgotten here, but could not be revoked: it is valid until {until}. "
        "Revoke it in the console.",
    ),
    french=Words(
        email="E-mail : ",
        no_email="Il n'y a pas de terminal pour demander l'e-mail. Donnez-le par --email.",
        no_such_organisation="Vous n'appartenez pas à {wanted}. Vous avez le choix : {choice}",
        no_organisation="{email} n'appartient à aucune organisation : il n'y a rien où agir. "
        "Connectez-vous avec un membre d'une organisation.",
        signed_in="{email} est connecté à {url}, agit dans {organisation}, jusqu'au {until}.",
        not_kept="La connexion ne peut pas être enregistrée dans {file} : {reason}. "
        "Choisissez un autre dossier par XDG_CONFIG_HOME.",
        was_not_signed_in="Vous n'étiez pas connecté.",
        signed_out="Déconnecté de {url} ; le jeton est révoqué.",
        still_valid="Le jeton est oublié ici, mais n'a pas pu être révoqué : il vaut jusqu'au {until}. "
        "Révoquez-le dans la console.",
    ),
)
