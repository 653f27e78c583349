"""Does CareHub keep its promise while its parts die? Faults, clients that write down what they were told, a checker.

Owns private installations of its own, made for one run and removed after it: servers, processes, a made-up cast.
Must not touch any database that it did not make, and holds nothing that a serving process imports.
"""
