"""The nouns all others point at: Organization, Person, PractitionerRole, Patient, CareRecord, Membership.

Owns their tables and constraints, no doors and no actions.
Must not know what anybody may do, nor that events exist.
"""
