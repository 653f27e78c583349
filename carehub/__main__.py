"""`python -m carehub`: the same as the command `carehub`."""

from carehub.cli import main

raise SystemExit(main())
