"""Alarms of the sealing code. None is a refusal: they reach a client as 500 and the log with a trace."""


class SealBrokenError(Exception):
    """A sealed value cannot be opened here.

    It was changed, it was moved from another row, column or organisation, or the organisation's key was destroyed.
    """


class KeyringError(Exception):
    """The file of master keys cannot be used, or a master key that is still needed is not in it."""
