"""Application passwords: secrets made here, one for each device or program."""
