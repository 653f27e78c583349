"""Who may do what, and who must know what. The only place that answers either question.

Owns the capabilities, the one matrix (roles.py), the rule books of organizations, and the functions `can`, `require`,
`lock_to_change` (require, under the record's lock), `visible`, `explain` (policy.py) and `audience` (audience.py).
Must not know how anything is stored, sent or shown.
"""
