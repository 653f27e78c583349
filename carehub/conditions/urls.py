from django.urls import path

from . import api

urlpatterns = [
    path("records/<uuid:record_id>/flags", api.Flags.as_view()),
    path("records/<uuid:record_id>/flags/<uuid:flag_id>", api.OneFlag.as_view()),
    path("records/<uuid:record_id>/flags/<uuid:flag_id>/answers", api.Answers.as_view()),
]
