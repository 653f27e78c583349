"""What is not communicated yet, how long it takes to reach people, and how often they are interrupted.

docs/reports.md says what each figure counts. Each report is one statement over one snapshot, or two; none of them
writes anything but its line of the trail.
"""
