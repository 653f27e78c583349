from django.urls import path

from .api import cover, team

urlpatterns = [
    path("records", team.Records.as_view()),
    path("records/<uuid:record_id>", team.Record.as_view()),
    path("records/<uuid:record_id>/timeline", team.RecordTimeline.as_view()),
    path("records/<uuid:record_id>/members", team.Members.as_view()),
    path("records/<uuid:record_id>/members/<uuid:membership_id>/end", team.MembershipEnd.as_view()),
    path("organizations/<uuid:organization_id>/cover", cover.OrganizationCover.as_view()),
    path("organizations/<uuid:organization_id>/shifts", cover.Shifts.as_view()),
    path("organizations/<uuid:organization_id>/shifts/<uuid:shift_id>/cancel", cover.ShiftCancellation.as_view()),
    path("absences", cover.Absences.as_view()),
    path("absences/<uuid:absence_id>/cancel", cover.AbsenceCancellation.as_view()),
    path("people/<uuid:person_id>/deactivate", cover.Deactivation.as_view()),
]
