"""Mateus Duarte: bipolar II disorder, first taken for depression. His sister saw it before the team did."""

from carehub.standalone.demo.chart import Chart, Practice, at_least, at_most, icd10


def write(practice: Practice) -> Chart:
    """Write the course."""
    chart = practice.open("Mateus Duarte", aged=28, at="willow", by="noor", title="Mood disorder")
    chart.add(
        "noor",
        {
            "daniel": "Psychotherapy",
            "anjali": "Primary care, referring",
            "ana": "His sister; he wants her to know who is on the team",
        },
    )
    _as_depression(chart)
    _what_his_sister_saw(chart)
    _another_diagnosis(chart)
    _a_knee(chart)
    _new_plan(chart)
    return chart


def _as_depression(chart: Chart) -> None:
    chart.revise(
        "daniel",
        "Referred with depression, PHQ-9 19, item 9 at 1: passing thoughts that he would not be missed, no plan, "
        "safety plan written together the same day. On escitalopram 10 mg from primary care since spring. The "
        "diagnosis has not been confirmed by a mental-health professional yet.",
        title="Depression: behavioural activation",
        goals={
            "mood": chart.goal(
                "Be steady enough to finish the apprenticeship",
                at_most(9, "points", "PHQ-9 total"),
                due_in=49,
            ),
            "work": chart.goal("Back in the workshop", at_least(4, "days per week", "Days at work"), due_in=35),
        },
        interventions={
            "therapy": chart.intervention(
                "Activity planning, mood diary", "Behavioural activation", "weekly, 50 minutes", by="daniel"
            ),
            "escitalopram": chart.intervention(
                "Escitalopram 10 mg in the morning", "Medication", "review every 6 weeks", by="anjali"
            ),
        },
        expectation=chart.expect(
            "Small steps first; we expect the diary to show a difference by session 5.",
            appointments=14,
            review_in=-7,
        ),
    )
    chart.acknowledge("noor", "anjali")
    chart.progress("daniel", "mood", "improving", "PHQ-9 19 to 6 in two weeks. He has started three projects.")


def _what_his_sister_saw(chart: Chart) -> None:
    chart.post(
        "noor",
        "Ana, his sister, called, and had told him that she would. He has slept three hours a night for five nights, "
        "talks over everybody, and signed for a second credit card. She says: this is not him being well. She asks "
        "us to look today.",
        to=["daniel", "anjali"],
        priority="asap",
        asks_acknowledgement=True,
    )
    chart.post(
        "daniel",
        "She is right, and I had read it as recovery. He cancelled today in high spirits. Noor, could Ingrid see "
        "him before the weekend? He will come if his sister drives.",
        to=["noor"],
        priority="asap",
    )
    chart.acknowledge("anjali")
    chart.add(
        "noor",
        {
            "ingrid": "Second opinion on the diagnosis; medication",
            "omar": "Medication review",
            "ruth": "Watches over what the family may be told",
        },
    )


def _another_diagnosis(chart: Chart) -> None:
    flag = chart.flag(
        "ingrid",
        icd10("F31.81", "Bipolar II disorder"),
        "high",
        "Seen today with his sister. Six days of elevated, irritable mood, three hours of sleep, spending, seen by "
        "others; no psychosis, no danger, can stay at home: hypomania. Two such spells at 19 and 22, long before any "
        "antidepressant. I am tapering escitalopram now and suggest lithium; he has read about it and is for it.",
        asks=["daniel", "anjali", "omar"],
    )
    chart.answer(
        "anjali",
        flag,
        "Yes. I treated him for depression in spring and did not ask about the good times. The escitalopram "
        "prescription is cancelled. Creatinine, TSH, calcium and an ECG before the first lithium tablet: tomorrow.",
        changes_plan=True,
    )
    chart.answer(
        "daniel",
        flag,
        "Yes. Activating him further is the wrong thing this month. Interpersonal and social rhythm therapy instead: "
        "sleep, meals and people at regular times, and the first signs written down with Ana.",
        changes_plan=True,
    )
    chart.answer(
        "omar",
        flag,
        "Yes, before lithium starts. His profile shows ibuprofen for a knee; I am raising that separately.",
        changes_plan=True,
    )


def _a_knee(chart: Chart) -> None:
    flag = chart.flag(
        "omar",
        icd10("Z79.1", "Long term (current) use of non-steroidal anti-inflammatories (NSAID)"),
        "high",
        "Ibuprofen 600 mg three times a day since a knee injury. It raises lithium levels and strains the kidneys.",
        asks=["anjali"],
        question="Can ibuprofen end before the first dose of lithium?",
        category="drug",
    )
    chart.answer(
        "anjali",
        flag,
        "Yes. He stops today: acetaminophen when needed, physiotherapy for the knee. I have told him why, and that "
        "this includes what is sold without prescription. Kidney function and TSH are normal.",
        changes_plan=True,
    )


def _new_plan(chart: Chart) -> None:
    chart.revise(
        "ingrid",
        "The diagnosis is bipolar II disorder. Escitalopram ends; lithium begins, since kidneys, thyroid and ECG "
        "allow it and ibuprofen has stopped.",
        title="Bipolar II disorder: lithium, and a regular day",
        interventions={
            "lithium": chart.intervention(
                "Lithium, dose by level: 5 days after each change, then every 3 months with creatinine and TSH",
                "Medication",
                "weekly until steady",
                by="ingrid",
            ),
        },
        without=["escitalopram"],
    )
    chart.revise(
        "daniel",
        "Activation ends; rhythm begins. His own words for the goal: not high, not low, on time.",
        interventions={
            "therapy": chart.intervention(
                "Regular times for rising, meals, people and bed; early signs and what to do, with Ana",
                "Interpersonal and social rhythm therapy (IPSRT)",
                "weekly, 50 minutes",
                by="daniel",
            ),
        },
        expectation=chart.expect(
            "Sleep first, within two weeks. A steady mood takes months, and we count them together.",
            appointments=24,
            review_in=28,
        ),
    )
    chart.progress("daniel", "mood", "in-progress", "PHQ-9 9, sleeping six hours. Quieter, and sad about the spring.")
    chart.post(
        "noor",
        "Mateus has signed what Ana may hear: appointments, and whether he is safe. Nothing from the sessions. She "
        "is content with that and may always tell us what she sees. Please confirm that you know.",
        to=["daniel", "ingrid"],
        asks_acknowledgement=True,
    )
    chart.acknowledge("omar")
    chart.see("ana", "ingrid")
    chart.receive("anjali", "ruth")
