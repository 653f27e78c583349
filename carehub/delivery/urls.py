from django.urls import path

from . import api

urlpatterns = [
    path("inbox", api.Inbox.as_view()),
    path("inbox/open", api.OpenObligations.as_view()),
    path("inbox/receipts", api.Receipts.as_view()),
    path("events/<uuid:event_id>/deliveries", api.EventDeliveries.as_view()),
    path("uncommunicated", api.Uncommunicated.as_view()),
    path("incidents", api.Incidents.as_view()),
    path("incidents/<uuid:incident_id>/close", api.IncidentClose.as_view()),
]
