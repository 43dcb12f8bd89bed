"""The copy engine: folders planned, messages compared, moved and journalled. It knows IMAP and its journal, no HTTP."""
