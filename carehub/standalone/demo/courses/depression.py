"""Elena Marchetti: depression that does not respond, and a thyroid nobody had asked. The flag waits for answers."""

from carehub.standalone.demo.chart import Chart, Practice, at_least, at_most, icd10


def write(practice: Practice) -> Chart:
    """Write the course up to the open question."""
    chart = practice.open(
        "Elena Marchetti", aged=42, at="willow", by="noor", title="Depression: not responding as expected"
    )
    chart.add(
        "noor",
        {
            "maya": "Cognitive behavioural therapy",
            "ingrid": "Medication",
            "anjali": "Primary care",
            "grace": "Blood tests, blood pressure",
            "elena": "Takes part in her plan",
        },
    )
    _first_plan(chart)
    _four_weeks(chart)
    _eight_weeks(chart)
    _ask_for_blood(chart)
    _thyroid(chart)
    return chart


def _first_plan(chart: Chart) -> None:
    chart.revise(
        "maya",
        "First episode, five months, after a move and a promotion. PHQ-9 17, item 9 at 0. She wants to understand "
        "what has happened to her and is willing to work.",
        title="Depression: cognitive behavioural therapy with behavioural activation",
        goals={
            "mood": chart.goal("Feel like myself on most days", at_most(9, "points", "PHQ-9 total"), due_in=28),
            "swim": chart.goal("Swim with my sister again", at_least(1, "time per week", "Swimming"), due_in=14),
        },
        interventions={
            "cbt": chart.intervention(
                "Activity planning, thoughts put to the test",
                "Cognitive behavioural therapy",
                "weekly, 50 minutes",
                by="maya",
            ),
            "diary": chart.intervention("Diary of activity and mood", "Behavioural activation", "daily, 10 minutes"),
        },
        expectation=chart.expect(
            "Most people notice a difference by session 8. If you do not, we ask why, all of us.",
            appointments=16,
            review_in=7,
        ),
    )
    chart.acknowledge("noor", "ingrid", "anjali", "grace", "elena")


def _four_weeks(chart: Chart) -> None:
    chart.progress("maya", "mood", "no-change", "PHQ-9 17, then 16 after four sessions. Every assignment done.")
    chart.post(
        "maya",
        "Four sessions: she comes on time, does everything, and does it through treacle. Ingrid, would you see her "
        "about medication? She is in favour.",
        to=["ingrid"],
    )
    chart.revise(
        "ingrid",
        "Moderately severe and unchanged after four weeks of good therapy: an antidepressant beside it, as she wishes.",
        interventions={
            "sertraline": chart.intervention(
                "Sertraline 50 mg in the morning", "Medication", "call after 1 week, review after 4", by="ingrid"
            ),
        },
    )
    chart.acknowledge("anjali", "noor", "elena")


def _eight_weeks(chart: Chart) -> None:
    chart.progress(
        "maya",
        "mood",
        "no-progress",
        "PHQ-9 18 at session 8: within measurement error of where we began. She is slower, and says she is sorry. "
        "I told her that she has nothing to be sorry for.",
    )
    chart.revise(
        "ingrid",
        "No response after four weeks at 50 mg, taken reliably, well tolerated. One step up before anything else.",
        interventions={
            "sertraline": chart.intervention(
                "Sertraline 100 mg in the morning", "Medication", "review after 2 weeks", by="ingrid"
            ),
        },
        expectation=chart.expect(
            "If two more weeks bring nothing, we stop adding and look for what we have missed.",
            appointments=16,
            review_in=3,
        ),
    )
    chart.acknowledge("noor")
    chart.see("elena")


def _ask_for_blood(chart: Chart) -> None:
    chart.post(
        "maya",
        "Ten sessions. She trusts me, tells me when I am wrong, and has skipped nothing. And she is getting more "
        "tired: she wears a coat indoors, her hair thins, five kilos more without eating more. Before anybody calls "
        "this resistant: Anjali, when was blood last taken?",
        to=["anjali"],
        priority="urgent",
        asks_acknowledgement=True,
    )
    chart.post(
        "anjali",
        "Three years ago, and no thyroid even then. Fair question, and I should have asked it in spring. Grace will "
        "draw TSH, free T4, blood count, ferritin and B12 tomorrow morning.",
        to=["maya", "grace"],
    )
    chart.post(
        "grace",
        "Drawn at ten past eight. Pulse 54. She asked me whether she is failing her therapy. I said that nobody here "
        "thinks so.",
        to=["anjali", "maya"],
    )
    chart.add("noor", {"omar": "Medication review"})
    chart.acknowledge("maya", "ingrid")


def _thyroid(chart: Chart) -> None:
    chart.flag(
        "anjali",
        icd10("E03.9", "Hypothyroidism, unspecified"),
        "moderate",
        "TSH 14.2 mIU/L (reference 0.4 to 4.0), free T4 0.6 ng/dL (0.8 to 1.8), the same in a second sample. Blood "
        "count, ferritin and B12 normal; antibodies pending. I have told her and am starting levothyroxine; TSH "
        "again in six to eight weeks. This can explain the tiredness and may explain much of the mood.",
        asks=["maya", "ingrid"],
        category="lab",
    )
    chart.add("noor", {"hiroshi": "Endocrinology: advice on the thyroid"})
    chart.post(
        "hiroshi",
        "Overt hypothyroidism, most likely autoimmune; no urgency beyond starting. Mood often follows TSH by some "
        "weeks, so please do not judge any treatment of the depression before she has been in range for six weeks.",
        to=["anjali"],
    )
    chart.post(
        "omar",
        "Two practical points. Levothyroxine on an empty stomach, four hours away from iron and calcium. And "
        "sertraline can raise the dose that she needs: each change of it means another TSH.",
        to=["anjali", "ingrid"],
    )
    chart.see("grace", "noor")
