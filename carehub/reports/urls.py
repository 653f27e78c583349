from django.urls import path

from . import api

urlpatterns = [
    path("uncommunicated", api.Uncommunicated.as_view()),
    path("reports/times", api.TimesReport.as_view()),
    path("reports/interruptions", api.InterruptionsReport.as_view()),
]
