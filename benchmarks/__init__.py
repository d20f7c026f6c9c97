"""Our training beside that of others, on the same problem: see README.md in this folder."""
