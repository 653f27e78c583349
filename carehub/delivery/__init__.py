"""How the ledger reaches people, and what happens when it does not: hub, socket, receipts, sweeper, transports.

Owns the live socket, the inbox's doors, receipts, Escalation, Dispatch and the sweepers' Heartbeat.
Must not know what any event means.
"""
