"""What changes how people are reached: rungs, incidents, and the organization's and one's own ways out."""

from .incidents import IncidentIsClosed, ask_again, close_incident, due_incidents
from .rungs import climb, climb_due

__all__ = ["IncidentIsClosed", "ask_again", "climb", "climb_due", "close_incident", "due_incidents"]
