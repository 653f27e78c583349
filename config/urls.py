from django.urls import include, path

from carehub.access import urls as access
from carehub.accounts import urls as accounts
from carehub.conditions import urls as conditions
from carehub.console import urls as console
from carehub.delivery import urls as delivery
from carehub.messaging import urls as messaging
from carehub.plans import urls as plans
from carehub.records import urls as records
from carehub.reports import urls as reports

from . import health, openapi

handler404 = "config.rest.not_found"
handler500 = "config.rest.server_error"

urlpatterns = [
    path("livez", health.livez),
    path("readyz", health.readyz),
    path("api/docs", openapi.Docs.as_view(), name="api-docs"),
    path("api/v1/schema", openapi.Schema.as_view(), name="schema"),
    *(
        path("api/v1/", include(room))
        for room in (
            accounts.urlpatterns,
            records.urlpatterns,
            plans.urlpatterns,
            conditions.urlpatterns,
            messaging.urlpatterns,
            delivery.urlpatterns,
            reports.urlpatterns,
            access.urlpatterns,
        )
    ),
    path("", include(console)),
]
