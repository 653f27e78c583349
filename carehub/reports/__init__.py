"""What is not communicated yet, how long it takes to reach people, and how often they are interrupted.

Owns three reports and their words, and no table: every figure is counted in the statement that shows it.
Must not write anything but its line of the trail, nor decide whom a rung reaches.
"""
