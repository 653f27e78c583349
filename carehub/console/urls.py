from django.urls import path

from .views import inbox, overseeing, plan, preferences, record, rules, session, writing

urlpatterns = [
    path("log-in", session.log_in),
    path("log-out", session.log_out),
    path("demo/accounts", session.demo_accounts),
    path("", inbox.inbox),
    path("preferences", preferences.preferences),
    path("preferences/contact-points", preferences.add_contact_point),
    path("preferences/contact-points/<uuid:contact_point_id>/remove", preferences.remove_contact_point),
    path("inbox/region/uncommunicated", overseeing.silences_region),
    path("inbox/region/<slug:name>", inbox.region),
    path("acknowledge", inbox.acknowledge),
    path("uncommunicated", overseeing.silences),
    path("reports", overseeing.reports),
    path("incidents/<uuid:incident_id>/close", writing.close_incident),
    path("events/<uuid:event_id>/meter", inbox.meter),
    path("events/<uuid:event_id>/seen", inbox.who_has_seen),
    path("organizations/<uuid:organization_id>/rules", rules.rules),
    path("organizations/<uuid:organization_id>/rules/clocks", rules.adopt_clocks),
    path("records/<uuid:record_id>", record.record),
    path("records/<uuid:record_id>/region/<slug:name>", record.region),
    path("records/<uuid:record_id>/timeline", record.timeline),
    path("records/<uuid:record_id>/plan/revise", plan.revise),
    path("records/<uuid:record_id>/plan/revisions/<int:number>", plan.revision),
    path("records/<uuid:record_id>/goals/<uuid:goal_id>/progress", writing.progress_goal),
    path("records/<uuid:record_id>/flags", writing.raise_flag),
    path("records/<uuid:record_id>/flags/<uuid:flag_id>/answers", writing.answer_flag),
    path("records/<uuid:record_id>/messages", writing.post_message),
    path("records/<uuid:record_id>/members", writing.add_member),
    path("records/<uuid:record_id>/members/<uuid:membership_id>/end", writing.end_membership),
]
