"""The team around a record: opening it, joining, leaving, handing over.

Owns every write to CareRecord and Membership (their tables are the directory's).
Must not know what plans, flags or messages contain.
"""
