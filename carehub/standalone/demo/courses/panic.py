"""Kwame Boateng: panic disorder, and an inhaler that sets off what he is treated for."""

from carehub.standalone.demo.chart import Chart, Practice, at_least, at_most, icd10


def write(practice: Practice) -> Chart:
    """Write the course."""
    chart = practice.open("Kwame Boateng", aged=31, at="bridges", by="marcus", title="Panic disorder and asthma")
    chart.add(
        "marcus",
        {
            "maya": "Cognitive behavioural therapy",
            "anjali": "Primary care: asthma",
            "omar": "Dispensing and medication review",
        },
    )
    _first_plan(chart)
    _four_inhalers(chart)
    _second_plan(chart)
    return chart


def _first_plan(chart: Chart) -> None:
    chart.revise(
        "maya",
        "Three attacks a week for half a year, two visits to the emergency department, heart found sound each time. "
        "He has stopped taking the subway and sits by the door in meetings. GAD-7 14.",
        title="Panic disorder: cognitive behavioural therapy with interoceptive exposure",
        goals={
            "attacks": chart.goal(
                "A week that is not organized around the next attack",
                at_most(1, "attack per week", "Panic attacks"),
                due_in=42,
            ),
            "subway": chart.goal(
                "Ride to work like everybody else",
                at_least(4, "rides per week", "Subway rides alone"),
                due_in=56,
            ),
        },
        interventions={
            "cbt": chart.intervention(
                "What an attack is; bringing on its sensations on purpose and staying with them",
                "CBT with interoceptive exposure",
                "weekly, 50 minutes",
                by="maya",
            ),
            "rides": chart.intervention(
                "Subway, one stop more each week, without the water bottle",
                "Exposure in daily life",
                "three times a week",
            ),
        },
        expectation=chart.expect(
            "Practice is unpleasant and short. Most people have fewer attacks by session 6.",
            appointments=12,
            review_in=10,
        ),
    )
    chart.acknowledge("marcus", "anjali")
    chart.progress(
        "maya",
        "attacks",
        "worsening",
        "Six attacks in the week after session 5, up from three. He practises daily. He wondered whether he does it "
        "wrong; he does not.",
    )
    chart.post(
        "maya",
        "Kwame does everything we agreed and gets worse. He starts each exercise with two puffs from his inhaler, "
        "to be safe. Anjali, how is the asthma itself?",
        to=["anjali"],
        priority="urgent",
        asks_acknowledgement=True,
    )


def _four_inhalers(chart: Chart) -> None:
    flag = chart.flag(
        "omar",
        icd10("T48.6X5A", "Adverse effect of antiasthmatics, initial encounter"),
        "moderate",
        "I have dispensed four albuterol inhalers in ten weeks and no controller since spring. At the counter he "
        "described a racing heart and shaking hands within minutes of two puffs, and then the fear.",
        asks=["anjali", "maya"],
        question="Could the inhaler start some of these attacks, and does that change your plan?",
        category="drug",
    )
    chart.answer(
        "anjali",
        flag,
        "Yes. Spirometry yesterday: asthma, poorly controlled. He was treating real breathlessness with a reliever "
        "alone. I am changing him to budesonide-formoterol, daily and as reliever; albuterol stops. It can make "
        "the heart race too, but he should need it far less.",
        changes_plan=True,
    )
    chart.answer(
        "maya",
        flag,
        "Yes. For three weeks no running on the spot and no breathing exercises. He notes time, puffs and peak flow "
        "with each attack, so that he learns to tell the two apart before we practise again.",
        changes_plan=True,
    )
    chart.add("marcus", {"grace": "Inhaler technique, peak flow"})
    chart.acknowledge("omar")


def _second_plan(chart: Chart) -> None:
    chart.revise(
        "maya",
        "Some attacks were a side effect, some were asthma, some were panic. The plan now begins with telling them "
        "apart; exposure follows when peak flow has been steady for two weeks.",
        title="Panic disorder with asthma: tell them apart, then practise",
        interventions={
            "cbt": chart.intervention(
                "Attack diary with peak flow; later the exercises, without two puffs before",
                "CBT, interoceptive exposure resumed when peak flow is steady",
                "weekly, 50 minutes",
                by="maya",
            ),
            "asthma": chart.intervention(
                "Budesonide-formoterol, two puffs twice daily and as reliever",
                "Medication",
                "review after 4 weeks",
                by="anjali",
            ),
            "technique": chart.intervention(
                "Inhaler technique, peak-flow meter, written asthma action plan",
                "Nursing",
                "twice, two weeks apart",
                by="grace",
            ),
        },
        expectation=chart.expect(
            "First the breathing, then the fear. We expect fewer attacks within three weeks.",
            appointments=14,
            review_in=21,
        ),
    )
    chart.post(
        "grace",
        "He had been shaking the inhaler and then breathing out into it. Peak flow 410 on Monday, 480 today. He "
        "drew the curve himself and wants to bring it to Maya.",
        to=["maya", "anjali"],
    )
    chart.progress("maya", "attacks", "improving", "Two attacks last week, both at a low peak flow, both short.")
    chart.post(
        "omar",
        "First refill on time, nothing left over, no albuterol asked for.",
        to=["anjali"],
    )
    chart.receive("anjali")
    chart.see("marcus")
