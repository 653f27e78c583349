from django.urls import path

from . import api

urlpatterns = [
    path("tokens", api.Tokens.as_view()),
    path("tokens/current", api.CurrentToken.as_view()),
    path("tickets", api.Tickets.as_view()),
    path("me", api.Me.as_view()),
]
