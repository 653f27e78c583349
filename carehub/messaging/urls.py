from django.urls import path

from . import api

urlpatterns = [path("records/<uuid:record_id>/messages", api.Messages.as_view())]
