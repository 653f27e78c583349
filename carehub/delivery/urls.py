from django.urls import path

from . import api, gateway_api

urlpatterns = [
    path("inbox", api.Inbox.as_view()),
    path("inbox/open", api.OpenObligations.as_view()),
    path("inbox/receipts", api.Receipts.as_view()),
    path("events/<uuid:event_id>/deliveries", api.EventDeliveries.as_view()),
    path("incidents", api.Incidents.as_view()),
    path("incidents/<uuid:incident_id>/close", api.IncidentClose.as_view()),
    path("organizations/<uuid:organization_id>/gateways", gateway_api.Gateways.as_view()),
    path("organizations/<uuid:organization_id>/gateways/<uuid:gateway_id>/close", gateway_api.GatewayClose.as_view()),
    path("organizations/<uuid:organization_id>/gateways/<uuid:gateway_id>/rotate", gateway_api.GatewayRotate.as_view()),
    path("organizations/<uuid:organization_id>/gateways/<uuid:gateway_id>/test", gateway_api.GatewayTest.as_view()),
    path("contact-points", gateway_api.ContactPoints.as_view()),
    path("contact-points/<uuid:contact_point_id>/remove", gateway_api.ContactPointRemove.as_view()),
    path("preferences", gateway_api.MyPreferences.as_view()),
]
