"""How a person is known to be who he says: log-in sessions, bearer tokens, socket tickets.

Owns their tables and what starts and ends them.
Must not know what the person may then do.
"""
