"""What all commands of `postroom` share: the table of them, exit codes, languages, the sign-in, output, problems."""
