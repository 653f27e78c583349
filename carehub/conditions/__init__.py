"""Medical-condition flags: something about the body that may change what everybody else does.

Owns Flag and FlagAnswer.
Must not know what a plan contains.
"""
