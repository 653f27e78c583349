"""Soledad Quispe: obsessive-compulsive disorder, after the wrong therapy. Her therapist manages the record."""

from carehub.standalone.demo.chart import Chart, Practice, at_least, at_most, icd10


def write(practice: Practice) -> Chart:
    """Write the course."""
    chart = practice.open(
        "Soledad Quispe", aged=24, at="willow", by="maya", title="Obsessive-compulsive disorder: contamination"
    )
    chart.add("maya", {"ingrid": "Medication", "grace": "Skin care, at the medical center"})
    _first_plan(chart)
    _hands(chart)
    _further_up(chart)
    return chart


def _first_plan(chart: Chart) -> None:
    chart.revise(
        "maya",
        "Y-BOCS 28, two to three hours of washing a day, a term lost. Twenty sessions elsewhere were spent on why "
        "she washes and on reassurance; she left them convinced that she is beyond help. She has never been offered "
        "exposure and response prevention, which is the treatment for this.",
        title="OCD: exposure and response prevention, twice weekly",
        goals={
            "rituals": chart.goal("Hours of my day back", at_most(14, "points", "Y-BOCS total"), due_in=63),
            "kitchen": chart.goal(
                "Cook for my flatmates, raw chicken included",
                at_least(2, "meals per week", "Meals cooked for others"),
                due_in=49,
            ),
        },
        interventions={
            "erp": chart.intervention(
                "Exposure and response prevention along her own ladder of 14 steps",
                "Exposure and response prevention (ERP)",
                "twice weekly, 60 minutes",
                by="maya",
            ),
            "home": chart.intervention(
                "The day's step, repeated at home until the urge has passed by itself",
                "ERP between sessions",
                "daily, 45 minutes",
            ),
            "parents": chart.intervention(
                "Her parents learn to answer love without answering whether it is clean",
                "Family session",
                "every four weeks",
                by="maya",
            ),
        },
        expectation=chart.expect(
            "The first two weeks are the hardest. About half of the way should be behind us by session 10.",
            appointments=20,
            review_in=7,
        ),
    )
    chart.revise(
        "ingrid",
        "Sertraline has helped the mood and not the rituals at 100 mg; OCD often needs more, for longer. She wants "
        "to try that rather than a second medicine.",
        interventions={
            "sertraline": chart.intervention(
                "Sertraline 150 mg in the morning, 200 mg after two weeks if well tolerated",
                "Medication",
                "review every 4 weeks",
                by="ingrid",
            ),
        },
    )
    chart.progress(
        "maya",
        "rituals",
        "improving",
        "Y-BOCS 28 to 23 after six sessions. Touched the bin lid, then her own sleeve, and went to a lecture.",
    )
    chart.acknowledge("grace")


def _hands(chart: Chart) -> None:
    flag = chart.flag(
        "grace",
        icd10("L24.0", "Irritant contact dermatitis due to detergents"),
        "low",
        "Knuckles cracked and bleeding, both hands; disinfectant wipes up to forty times a day. No infection.",
        asks=["maya"],
        question="Which hand care can I recommend that will not become one more ritual?",
    )
    chart.answer(
        "maya",
        flag,
        "Yes, this belongs in the plan, and thank you for asking first. One pea of emollient after each of the six "
        "washes that she and I agreed on, from the same tube, and the wipes stay with you. If she asks you whether "
        "it is enough, please say: ask Maya.",
        changes_plan=True,
    )
    chart.revise(
        "maya",
        "Skin care becomes part of response prevention: six washes, one emollient, no wipes in the flat.",
        interventions={
            "hands": chart.intervention(
                "Six agreed washes a day, water and mild soap; emollient once after each; no wipes",
                "Response prevention with skin care",
                "daily",
                by="grace",
            ),
        },
    )
    chart.post(
        "grace",
        "Two weeks on: closed skin, no bleeding. She handed me the last pack of wipes and laughed about it. She did "
        "ask whether six is enough. I said: ask Maya.",
        to=["maya"],
    )


def _further_up(chart: Chart) -> None:
    chart.progress(
        "maya",
        "rituals",
        "achieved",
        "Y-BOCS 14: half of where she began. We keep the sessions, to make it last.",
    )
    chart.progress("maya", "kitchen", "improving", "Roast chicken for four. She ate it as well.")
    chart.end("maya", "grace", "Her skin has healed. Soledad knows how to reach the nurses' room.")
    chart.revise(
        "maya",
        "Fewer sessions, longer steps: what she can do with me she now needs to do without me.",
        interventions={
            "erp": chart.intervention(
                "Exposure and response prevention, the last three steps; planning for bad days",
                "Exposure and response prevention (ERP)",
                "weekly, 60 minutes",
                by="maya",
            ),
        },
        without=["hands"],
        expectation=chart.expect(
            "Urges will come back in exam weeks. That is weather, not relapse; the ladder still holds.",
            appointments=24,
            review_in=35,
        ),
    )
    chart.see("ingrid")
