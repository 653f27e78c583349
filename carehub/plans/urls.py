from django.urls import path

from . import api

urlpatterns = [
    path("records/<uuid:record_id>/plan", api.CurrentPlan.as_view()),
    path("records/<uuid:record_id>/plan/revisions", api.Revisions.as_view()),
    path("records/<uuid:record_id>/plan/revisions/<int:number>", api.Revision.as_view()),
    path("records/<uuid:record_id>/plan/goals/<uuid:goal_id>", api.GoalProgress.as_view()),
]
