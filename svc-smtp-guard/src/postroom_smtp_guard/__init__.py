"""May this login use this sender?"""
