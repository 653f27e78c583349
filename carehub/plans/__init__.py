"""The treatment plan: what the team and the patient agreed to do, in numbered revisions that never change.

Owns Plan, PlanRevision, Goal and Intervention.
Must not know how a revision reaches anybody.
"""
