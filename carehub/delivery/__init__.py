"""How the ledger reaches people, and what happens when it does not: hub, socket, receipts, sweeper, transports.

Owns the live socket, the inbox's doors, receipts, Escalation, Dispatch with its channels and gateways, contact points,
preferences, the sweepers' Heartbeat, the hourly Verification and the events that this version cannot show
(Unrenderable). Must not know what any event means; the invariants alone know which type belongs to which table.
"""
