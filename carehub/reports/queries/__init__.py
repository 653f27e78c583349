"""One module for each report, and `scope.py`: whose ledger is read, over which time, and who may read it.

docs/reports.md says what each figure counts. Each report is one statement over one snapshot, or two.
"""
