"""The trail: who did, read or was refused what, about which patient, when and from where.

Owns the insert-only entries and the words for their verbs.
Must not hold clinical text: ids only.
"""
