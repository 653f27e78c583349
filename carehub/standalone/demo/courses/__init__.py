"""The six courses, in the order in which they are written: the newest record is the one to begin with.

Each is fiction, made of what is common: nobody's history. Numbers and codes are as in practice.
"""

from collections.abc import Callable, Sequence

from carehub.standalone.demo.chart import Chart, Practice

from . import bipolar, depression, grief, obsessions, panic, trauma

COURSES: Sequence[Callable[[Practice], Chart]] = (
    grief.write,
    panic.write,
    obsessions.write,
    trauma.write,
    bipolar.write,
    depression.write,
)
