"""The demo practice: two organizations, their people, and six patients with courses of care to look at.

Owns no table. Organizations and people are rows; everything that is care goes through the rooms' actions.
Must not be made in a database that holds real care.
"""

from carehub.console.demo import Account, accounts

from .practice import NotDedicated, create_practice

__all__ = ["Account", "NotDedicated", "accounts", "create_practice"]
