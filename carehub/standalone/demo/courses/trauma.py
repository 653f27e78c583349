"""Jerome Baptiste: post-traumatic stress, first treated too gently, then with nights that were not nightmares alone."""

from carehub.conditions.models import Flag
from carehub.standalone.demo.chart import Chart, Practice, at_least, at_most, icd10


def write(practice: Practice) -> Chart:
    """Write the course."""
    chart = practice.open("Jerome Baptiste", aged=39, at="willow", by="noor", title="PTSD after a collision at work")
    chart.add(
        "noor",
        {
            "daniel": "Trauma-focused psychotherapy",
            "ingrid": "Medication",
            "anjali": "Primary care",
            "jerome": "Takes part in his plan",
        },
    )
    _stabilizing(chart)
    _prolonged_exposure(chart)
    _answer_apnea(chart, _apnea(chart))
    return chart


def _stabilizing(chart: Chart) -> None:
    chart.revise(
        "daniel",
        "He drove the bus that was struck on the bridge; two passengers died, none of it his doing. PCL-5 54, five "
        "nights of nightmares a week. The referral asks for stabilization first.",
        title="PTSD: supportive sessions and sleep, to begin with",
        goals={
            "nights": chart.goal(
                "Sleep through most nights",
                at_least(5, "nights per week", "Nights without waking in fear"),
                due_in=35,
            ),
            "symptoms": chart.goal(
                "Remember it without being back in it", at_most(30, "points", "PCL-5 total"), due_in=56
            ),
            "bridge": chart.goal(
                "Drive over the bridge again", at_least(2, "crossings per week", "Crossings"), due_in=70
            ),
        },
        interventions={
            "supportive": chart.intervention(
                "Supportive sessions, grounding, breathing", "Supportive counselling", "weekly", by="daniel"
            ),
            "sleep": chart.intervention("Fixed rising time, sleep diary", "Sleep hygiene", "daily"),
        },
        expectation=chart.expect(
            "Calmer nights within six weeks, then we decide together about the memory itself.",
            appointments=8,
            review_in=-14,
        ),
    )
    chart.acknowledge("ingrid", "anjali", "noor", "jerome")
    chart.progress("daniel", "symptoms", "no-change", "PCL-5 54, then 52 after six sessions.")
    chart.post(
        "ingrid",
        "Six sessions, kept and liked, and nothing has moved. Prolonged exposure, cognitive processing therapy and "
        "EMDR come first in the VA/DoD guideline, before counselling and before anything I could prescribe. Is "
        "something in the way of one of them?",
        to=["daniel"],
        priority="urgent",
        asks_acknowledgement=True,
    )
    chart.post(
        "daniel",
        "My caution was in the way, not his. I laid out all three yesterday. He chose prolonged exposure: he would "
        "rather tell it once properly, he said, than step around it for a year.",
        to=["ingrid"],
    )


def _prolonged_exposure(chart: Chart) -> None:
    chart.revise(
        "daniel",
        "No change after six supportive sessions. He has no current danger, drinks little, wants to work on it: "
        "there is no reason to wait any longer.",
        title="PTSD: prolonged exposure",
        interventions={
            "pe": chart.intervention(
                "Telling the memory, recorded, heard again at home; the places he avoids, step by step",
                "Prolonged exposure (PE)",
                "weekly, 90 minutes",
                by="daniel",
            ),
        },
        without=["supportive"],
        expectation=chart.expect(
            "It may feel worse for two or three sessions before it eases. About half of people are much better in "
            "15 to 20 sessions.",
            appointments=15,
            review_in=21,
        ),
    )
    chart.see("jerome")
    chart.revise(
        "ingrid",
        "The memory work goes well and the nights do not. He agrees to try prazosin for the nightmares; blood "
        "pressure 118/74, he knows to get up slowly.",
        interventions={
            "prazosin": chart.intervention(
                "Prazosin at bedtime, 1 mg, raised slowly", "Medication", "call after 3 days, then weekly", by="ingrid"
            ),
        },
    )
    chart.progress(
        "daniel",
        "symptoms",
        "improving",
        "PCL-5 41 after five sessions of exposure. He told the second half for the first time.",
    )
    chart.progress("daniel", "bridge", "improving", "On foot to the first pillar, with his brother, twice.")
    chart.acknowledge("noor", "anjali")


def _apnea(chart: Chart) -> Flag:
    return chart.flag(
        "anjali",
        icd10("G47.33", "Obstructive sleep apnea (adult) (pediatric)"),
        "moderate",
        "His brother told us that he stops breathing at night. Home test: 24 events an hour, oxygen down to 83 %. He "
        "wakes choking, heart pounding, and has taken all of it for nightmares. CPAP is being fitted this week.",
        asks=["daniel", "ingrid"],
    )


def _answer_apnea(chart: Chart, flag: Flag) -> None:
    chart.answer(
        "ingrid",
        flag,
        "Yes. I stop prazosin until he has slept four weeks with CPAP: his pressure was 98/60 on Monday, and we do "
        "not know which nights it was meant for.",
        changes_plan=True,
    )
    chart.answer(
        "daniel",
        flag,
        "Not the exposure; it is working and goes on. The diary gets a second column: woke afraid, or woke without "
        "air. That alone was a relief to him.",
        changes_plan=False,
    )
    chart.revise(
        "ingrid",
        "Apnea explains part of the nights. Prazosin ends, CPAP begins, and we look again in four weeks.",
        interventions={
            "cpap": chart.intervention(
                "CPAP every night; mask fitting, download of the readings",
                "Sleep medicine",
                "every 2 weeks",
                by="anjali",
            ),
        },
        without=["prazosin"],
    )
    chart.progress("daniel", "nights", "improving", "Four nights through in the first week with CPAP.")
    chart.revise(
        "daniel",
        "No hurry at the bridge: two more weeks, at his request, and only after a rested night.",
        goals={
            "bridge": chart.goal(
                "Drive over the bridge again", at_least(2, "crossings per week", "Crossings"), due_in=84
            )
        },
    )
    chart.see("jerome")
    chart.receive("noor", "anjali")
