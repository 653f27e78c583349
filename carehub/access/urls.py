from django.urls import path

from . import api

urlpatterns = [
    path("organizations/<uuid:organization_id>/rules", api.OrganizationRules.as_view()),
    path("organizations/<uuid:organization_id>/rules/versions", api.RulesVersions.as_view()),
]
