from django.contrib.auth.models import User
from django.db import models


class Team(models.Model):
    """People who write to one another."""

    members = models.ManyToManyField(User, related_name="teams")


class Message(models.Model):
    """What somebody wrote."""

    team = models.ForeignKey(Team, on_delete=models.CASCADE)
    author = models.ForeignKey(User, on_delete=models.CASCADE)
    text = models.TextField()
    at = models.DateTimeField(auto_now_add=True)


class Acknowledgement(models.Model):
    """Somebody has taken note."""

    message = models.ForeignKey(Message, on_delete=models.CASCADE)
    person = models.ForeignKey(User, on_delete=models.CASCADE)
    at = models.DateTimeField(auto_now_add=True)
