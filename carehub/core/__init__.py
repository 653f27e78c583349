"""What every room stands on: ids, the clock, errors, idempotency, the pieces HTTP doors share.

Owns the installation row, the idempotency store and the function `carehub_now()`.
Must not know a single word of the domain.
"""
