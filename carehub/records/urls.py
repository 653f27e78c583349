from django.urls import path

from . import api

urlpatterns = [
    path("records", api.Records.as_view()),
    path("records/<uuid:record_id>", api.Record.as_view()),
    path("records/<uuid:record_id>/timeline", api.RecordTimeline.as_view()),
    path("records/<uuid:record_id>/members", api.Members.as_view()),
    path("records/<uuid:record_id>/members/<uuid:membership_id>/end", api.MembershipEnd.as_view()),
]
