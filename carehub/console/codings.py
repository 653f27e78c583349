"""Conditions that the flag form suggests: what often changes a course of psychotherapy. Anything else can be typed."""

from carehub.events.catalogue import Coding

ICD_10_CM = "http://hl7.org/fhir/sid/icd-10-cm"

SUGGESTIONS: tuple[Coding, ...] = tuple(
    Coding(system=ICD_10_CM, code=code, display=display)
    for code, display in (
        ("E03.9", "Hypothyroidism, unspecified"),
        ("E05.90", "Thyrotoxicosis, unspecified, without thyrotoxic crisis or storm"),
        ("E10.9", "Type 1 diabetes mellitus without complications"),
        ("E11.9", "Type 2 diabetes mellitus without complications"),
        ("D50.9", "Iron deficiency anemia, unspecified"),
        ("E53.8", "Deficiency of other specified B group vitamins"),
        ("E55.9", "Vitamin D deficiency, unspecified"),
        ("E87.1", "Hypo-osmolality and hyponatremia"),
        ("G40.909", "Epilepsy, unspecified, not intractable, without status epilepticus"),
        ("G43.909", "Migraine, unspecified, not intractable, without status migrainosus"),
        ("G47.33", "Obstructive sleep apnea (adult) (pediatric)"),
        ("I10", "Essential (primary) hypertension"),
        ("I48.91", "Unspecified atrial fibrillation"),
        ("J45.909", "Unspecified asthma, uncomplicated"),
        ("O09.90", "Supervision of high risk pregnancy, unspecified, unspecified trimester"),
        ("F10.20", "Alcohol dependence, uncomplicated"),
        ("R45.851", "Suicidal ideations"),
        ("Z91.148", "Patient's other noncompliance with medication regimen for other reason"),
    )
)
