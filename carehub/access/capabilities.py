from django.db.models import TextChoices


class Capability(TextChoices):
    """What a role may do. Each has its sentence, completed by "may ...".

    A record's capabilities come from a place on its team; an organization's (`AT_ORGANIZATION`) from working there.
    """

    RECORD_READ = "record.read", "see the record and its team"
    TEAM_MANAGE = "team.manage", "add and end places on the team"
    PLAN_READ = "plan.read", "read the treatment plan"
    PLAN_REVISE = "plan.revise", "revise the treatment plan"
    GOAL_PROGRESS = "goal.progress", "record progress on a goal"
    FLAG_READ = "flag.read", "read medical flags"
    FLAG_RAISE = "flag.raise", "raise a medical flag"
    FLAG_ANSWER = "flag.answer", "answer a medical flag"
    MESSAGE_READ = "message.read", "read the team's messages"
    MESSAGE_POST = "message.post", "write to the team"
    OBLIGATION_OVERSEE = "obligation.oversee", "see whose answer is overdue"
    RULES_READ = "rules.read", "read who must know what, and by when"
    RULES_MANAGE = "rules.manage", "change who must know what, and by when"
    COVER_READ = "cover.read", "see who is on duty, on call and away"
    COVER_MANAGE = "cover.manage", "keep shifts, rotas and absences of others"
    GATEWAY_MANAGE = "gateway.manage", "connect SMS and paging gateways"
    REPORT_READ = "report.read", "see how fast people are reached, and how often interrupted"
    PERSON_DEACTIVATE = "person.deactivate", "end somebody's access altogether"


AT_ORGANIZATION = frozenset(
    {
        Capability.RULES_READ,
        Capability.RULES_MANAGE,
        Capability.COVER_READ,
        Capability.COVER_MANAGE,
        Capability.GATEWAY_MANAGE,
        Capability.REPORT_READ,
        Capability.PERSON_DEACTIVATE,
    }
)
"""What one may do at an organization where one works, rather than on a record."""
