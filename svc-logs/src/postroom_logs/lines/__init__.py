"""A line's header: its time, host and program, in five formats that are told apart line by line."""
