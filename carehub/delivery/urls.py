from django.urls import path

from .api import gateways, inbox

urlpatterns = [
    path("inbox", inbox.Inbox.as_view()),
    path("inbox/open", inbox.OpenObligations.as_view()),
    path("inbox/receipts", inbox.Receipts.as_view()),
    path("events/<uuid:event_id>/deliveries", inbox.EventDeliveries.as_view()),
    path("incidents", inbox.Incidents.as_view()),
    path("incidents/<uuid:incident_id>/close", inbox.IncidentClose.as_view()),
    path("organizations/<uuid:organization_id>/gateways", gateways.Gateways.as_view()),
    path("organizations/<uuid:organization_id>/gateways/<uuid:gateway_id>/close", gateways.GatewayClose.as_view()),
    path("organizations/<uuid:organization_id>/gateways/<uuid:gateway_id>/rotate", gateways.GatewayRotate.as_view()),
    path("organizations/<uuid:organization_id>/gateways/<uuid:gateway_id>/test", gateways.GatewayTest.as_view()),
    path("contact-points", gateways.ContactPoints.as_view()),
    path("contact-points/<uuid:contact_point_id>/remove", gateways.ContactPointRemove.as_view()),
    path("preferences", gateways.MyPreferences.as_view()),
]
