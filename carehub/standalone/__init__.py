"""Everything on one machine: private servers, the supervisor of the processes, the demo practice.

Owns no table. Servers and supervisor know nothing of Django: they start before it and outlive its crashes.
"""
