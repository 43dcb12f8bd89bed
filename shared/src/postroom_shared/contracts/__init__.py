"""The events of the suite: one module per publisher, one frozen model per type (docs/events/asyncapi.yaml).

A new optional member keeps a type's version. Anything else is a new type, and both are published for one release.
"""
