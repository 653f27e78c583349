from django.db.models import TextChoices


class Capability(TextChoices):
    """What a role may do on a record. Each has its sentence, completed by "may ..."."""

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
