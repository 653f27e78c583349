from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Invariant:
    """One sentence about the ledger, and the query for what breaks it.

    `looked` is what stands after `SELECT count(*) FROM`: the rows that were looked at. `broken` selects three columns
    for each row that breaks the sentence: its table, its ids (jsonb; of a row that is missing, those that it would
    have), and what is wrong with it. No clinical text, no name.
    """

    name: str
    sentence: str
    looked: str
    broken: str
