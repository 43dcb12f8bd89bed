"""The mails that tell everybody concerned how a copy ended (docs/promises.md#import-confirmation)."""
