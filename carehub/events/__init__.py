"""The ledger: what happened, who must know it, how far each of them is.

Owns the catalogue of events, Event, Delivery, Inbox, `publish`, what ends an obligation, and the doorbell.
Must not know who may see what (access decides the audience) nor how anything reaches a person (delivery does).
"""
