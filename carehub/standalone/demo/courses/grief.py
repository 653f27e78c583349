"""Walter Nakagawa: prolonged grief, and a home about to be lost. Therapy has to wait for the roof."""

from carehub.standalone.demo.chart import Chart, Practice, at_least, at_most, icd10


def write(practice: Practice) -> Chart:
    """Write the course."""
    chart = practice.open(
        "Walter Nakagawa", aged=71, at="bridges", by="marcus", title="Prolonged grief after his wife's death"
    )
    chart.add(
        "marcus",
        {
            "daniel": "Prolonged grief therapy",
            "anjali": "Primary care: blood pressure, weight",
            "leah": "Income and housing",
        },
    )
    _first_plan(chart)
    _missed_sessions(chart)
    _what_the_letters_said(chart)
    _after_the_hearing(chart)
    return chart


def _first_plan(chart: Chart) -> None:
    chart.revise(
        "daniel",
        "Kimiko died sixteen months ago. He yearns for her daily, avoids the kitchen she cooked in, and no longer "
        "sees the point of the week. PG-13-R 39, PHQ-9 12 with item 9 at 0. Wanting to be with her is not a wish "
        "to die; I asked, and we agreed that he tells me if that changes.",
        title="Prolonged grief: a structured grief therapy in 16 sessions",
        goals={
            "grief": chart.goal(
                "Think of Kimiko without the day coming to a halt",
                at_most(29, "points", "PG-13-R total"),
                due_in=70,
            ),
            "table": chart.goal("Eat with somebody again", at_least(3, "meals per week", "Shared meals"), due_in=28),
        },
        interventions={
            "therapy": chart.intervention(
                "Grief therapy: the story of the death, revisited; photographs; an imagined conversation",
                "Prolonged grief therapy",
                "weekly, 50 minutes",
                by="daniel",
            ),
            "lunch": chart.intervention(
                "Lunch at the senior centre, first time together with his neighbour",
                "Behavioural activation",
                "Tuesdays and Fridays",
            ),
        },
        expectation=chart.expect(
            "Grief will not end and is not meant to. We expect more good hours by session 8.",
            appointments=16,
            review_in=14,
        ),
    )
    chart.acknowledge("marcus", "anjali", "leah")
    chart.post(
        "daniel",
        "He and Kimiko sang in a choir for thirty years and he has not sung since. Could somebody who works with "
        "music join us? He said himself: words I have enough of.",
        to=["marcus"],
    )
    chart.add("marcus", {"tomasz": "Singing, as a way into the grief"})
    chart.revise(
        "daniel",
        "He asked for music. Tomasz and he will choose two of the choir's songs; I follow with the session.",
        interventions={
            "music": chart.intervention(
                "Singing the two songs that they both chose; recording one for his daughter",
                "Music therapy",
                "every two weeks, 45 minutes",
                by="tomasz",
            ),
        },
    )
    chart.post(
        "tomasz",
        "First hour. He cried at the second verse, asked to go on, and finished it. He left humming.",
        to=["daniel"],
    )


def _missed_sessions(chart: Chart) -> None:
    chart.progress(
        "daniel",
        "grief",
        "no-progress",
        "Sessions 5 and 7 missed, 6 cut short. PG-13-R 38. He wants to come and something keeps him.",
    )
    chart.post(
        "daniel",
        "Two sessions missed, and when he comes he watches the clock. I do not read this as avoidance: he keeps "
        "unopened letters in his coat. Leah, could you look at them with him?",
        to=["leah"],
        priority="urgent",
        asks_acknowledgement=True,
    )


def _what_the_letters_said(chart: Chart) -> None:
    flag = chart.flag(
        "leah",
        icd10("Z59.811", "Housing instability, housed, with risk of homelessness"),
        "high",
        "He let me open them. Kimiko's pension stopped with her death; he is four months behind with the rent and "
        "the hearing is in twelve days. He has told nobody, not even his daughter, because he is ashamed.",
        asks=["daniel", "anjali"],
        question="The hearing is in twelve days. Does this change your plan?",
        category="safety",
    )
    chart.answer(
        "daniel",
        flag,
        "Yes. We stop revisiting the death until the hearing is over; nobody can grieve with a suitcase in the "
        "hall. Sessions go on, and carry him through the paperwork.",
        changes_plan=True,
    )
    chart.answer(
        "anjali",
        flag,
        "Not the treatment. His pressure was 158/92 this week and I would rather wait than add a tablet to this. "
        "I am writing the medical letter for the court today.",
        changes_plan=False,
    )
    chart.revise(
        "daniel",
        "An unmet need comes first: housing has an owner (Leah) and a date. Grief work proper resumes after it.",
        goals={
            "home": chart.goal(
                "Stay in the apartment where they lived",
                at_least(12, "months", "Secured tenancy"),
                due_in=30,
            ),
        },
        interventions={
            "therapy": chart.intervention(
                "Supportive sessions until the hearing; the story of the death rests",
                "Supportive psychotherapy",
                "weekly, 30 minutes",
                by="daniel",
            ),
            "housing": chart.intervention(
                "Emergency rental assistance, survivor's benefits, legal aid at the hearing",
                "Social work",
                "as often as it takes until the hearing",
                by="leah",
            ),
        },
    )


def _after_the_hearing(chart: Chart) -> None:
    chart.progress(
        "leah",
        "home",
        "improving",
        "The court adjourned for sixty days and the fund takes the arrears. Survivor's benefits applied for.",
    )
    chart.post(
        "leah",
        "He phoned his daughter from my office. She is coming on Sunday and he is going to cook. I thought you "
        "would all want to know that.",
        to=["daniel", "tomasz"],
    )
    chart.progress("tomasz", "table", "improving", "Stayed for coffee with two of the choir after our hour.")
    chart.revise(
        "daniel",
        "A roof for the winter: grief work resumes where it rested. The singing now happens in the choir, and with "
        "Tomasz once a month.",
        interventions={
            "therapy": chart.intervention(
                "The story of the death, revisited; then the imagined conversation",
                "Prolonged grief therapy",
                "weekly, 50 minutes",
                by="daniel",
            ),
            "music": chart.intervention(
                "Singing the two songs that they both chose; recording one for his daughter",
                "Music therapy",
                "monthly, 45 minutes",
                by="tomasz",
            ),
        },
    )
    chart.acknowledge("marcus")
    chart.post(
        "marcus",
        "Half an hour about the weeks until the new hearing: Thursday at 12:30, by video. Please confirm.",
        to=["daniel", "leah"],
        asks_acknowledgement=True,
    )
    chart.see("leah")
    chart.receive("anjali", "daniel")
