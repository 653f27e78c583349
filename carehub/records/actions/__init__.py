"""What changes teams and who covers: places on a record, shifts and absences, deactivation, cover that is missing."""

from .cover import add_shift, cancel_shift, come_back, go_away
from .deactivation import deactivate_person
from .missing import report_missing_cover
from .places import Cover, end_cover, make_places
from .team import add_team_member, end_membership, open_record, role_of

__all__ = [
    "Cover",
    "add_shift",
    "add_team_member",
    "cancel_shift",
    "come_back",
    "deactivate_person",
    "end_cover",
    "end_membership",
    "go_away",
    "make_places",
    "open_record",
    "report_missing_cover",
    "role_of",
]
