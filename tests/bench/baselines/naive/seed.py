"""Make its tables, teams and sessions: `python -m tests.bench.baselines.naive.seed TEAMS SIZE EACH`.

Person p has the session `bench<p>`; as the session data are signed they are made here and not by SQL.
"""

import sys
from datetime import timedelta

import django
from django.core.management import call_command


def main(count: int, size: int, each: int) -> None:
    """Fill an empty database."""
    django.setup()
    call_command("migrate", run_syncdb=True, verbosity=0)
    from django.contrib.auth.models import User
    from django.contrib.sessions.backends.db import SessionStore
    from django.contrib.sessions.models import Session
    from django.utils import timezone

    from .models import Team

    people = count * size
    User.objects.bulk_create([User(pk=p + 1, username=f"p{p}", password="!") for p in range(people)])
    Team.objects.bulk_create([Team(pk=t + 1) for t in range(count)])
    places = Team.members.through
    places.objects.bulk_create(
        [places(team_id=(p // size + s) % count + 1, user_id=p + 1) for p in range(people) for s in range(each)],
        batch_size=20_000,
    )
    store, end = SessionStore(), timezone.now() + timedelta(days=1)
    Session.objects.bulk_create(
        [
            Session(session_key=f"bench{u.pk - 1:027d}", session_data=_data(store, u), expire_date=end)
            for u in User.objects.all()
        ]
    )


def _data(store: object, user: object) -> str:
    from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY

    data = {
        SESSION_KEY: str(user.pk),
        BACKEND_SESSION_KEY: "django.contrib.auth.backends.ModelBackend",
        HASH_SESSION_KEY: user.get_session_auth_hash(),
    }
    return str(store.encode(data))


if __name__ == "__main__":
    main(*(int(argument) for argument in sys.argv[1:4]))
