"""The command line: a file a command; a command parses, calls one function, prints one report."""
