"""What the team writes to each other: one thread on each record, for now.

Owns Thread and Message.
Must not know how a message reaches anybody.
"""
