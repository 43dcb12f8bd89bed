"""Internal tokens, signed once and used until shortly before they expire."""

import time
from collections import OrderedDict

from postroom_shared.identity import TokenSigner
from postroom_shared.identity.tokens import LIFETIME_S
from postroom_shared.principal import PersonPrincipal

RENEWED_BEFORE_S = 20
MAX_TOKENS = 20_000


class InternalTokens:
    """The token of each caller for each service. A caller whose role or organisation changed is another key."""

    def __init__(self, signer: TokenSigner) -> None:
        self._signer = signer
        self._tokens: OrderedDict[tuple[PersonPrincipal, str], tuple[float, str]] = OrderedDict()

    def token(self, person: PersonPrincipal, *, audience: str) -> str:
        """Return a token that is good for at least `RENEWED_BEFORE_S` more seconds."""
        now = time.monotonic()
        known = self._tokens.get((person, audience))
        if known is not None and known[0] > now:
            return known[1]
        token = self._signer.for_person(person, audience=audience)
        self._tokens[person, audience] = (now + LIFETIME_S - RENEWED_BEFORE_S, token)
        self._tokens.move_to_end((person, audience))
        if len(self._tokens) > MAX_TOKENS:
            self._tokens.popitem(last=False)
        return token
