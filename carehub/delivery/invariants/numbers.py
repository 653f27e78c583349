"""The numbers that cursors rely on: gapless, and in the order of the ledger."""

from .invariant import Invariant

NUMBERS: tuple[Invariant, ...] = (
    Invariant(
        "inbox-gapless",
        "Each person's numbers are 1 to the inbox's head, each once.",
        "events_delivery WHERE n IS NOT NULL",
        """
        WITH numbered AS (
            SELECT person_id, n, lag(n, 1, 0::bigint) OVER (PARTITION BY person_id ORDER BY n) AS before
              FROM events_delivery WHERE n IS NOT NULL
        ), last AS (
            SELECT person_id, max(n) AS n FROM events_delivery WHERE n IS NOT NULL GROUP BY person_id
        )
        SELECT 'events_delivery', jsonb_build_object('person_id', person_id, 'n', before + 1),
               CASE WHEN n > before THEN 'missing' ELSE 'a number twice, just before' END
          FROM numbered WHERE n <> before + 1
         UNION ALL
        SELECT CASE WHEN i.head > coalesce(last.n, 0) THEN 'events_delivery' ELSE 'events_inbox' END,
               CASE WHEN i.head > coalesce(last.n, 0)
                    THEN jsonb_build_object('person_id', person_id, 'n', coalesce(last.n, 0) + 1)
                    ELSE jsonb_build_object('person_id', person_id) END,
               CASE WHEN i.head > coalesce(last.n, 0) THEN 'missing' ELSE 'head is behind the deliveries' END
          FROM events_inbox i FULL JOIN last USING (person_id)
         WHERE i.head IS DISTINCT FROM coalesce(last.n, 0)
        """,
    ),
    Invariant(
        "record-gapless",
        "Each record's event numbers are 1 to its log's head, in the order of seq.",
        "events_event",
        """
        WITH numbered AS (
            SELECT record_id, number, lag(number, 1, 0::bigint) OVER (PARTITION BY record_id ORDER BY seq) AS before
              FROM events_event
        ), last AS (
            SELECT record_id, max(number) AS number FROM events_event GROUP BY record_id
        )
        SELECT 'events_event', jsonb_build_object('record_id', record_id, 'number', before + 1),
               CASE WHEN number > before THEN 'missing' ELSE 'out of order, just before' END
          FROM numbered WHERE number <> before + 1
         UNION ALL
        SELECT CASE WHEN l.head > coalesce(last.number, 0) THEN 'events_event' ELSE 'events_recordlog' END,
               CASE WHEN l.head > coalesce(last.number, 0)
                    THEN jsonb_build_object('record_id', record_id, 'number', coalesce(last.number, 0) + 1)
                    ELSE jsonb_build_object('record_id', record_id) END,
               CASE WHEN l.head > coalesce(last.number, 0) THEN 'missing' ELSE 'head is behind the events' END
          FROM events_recordlog l FULL JOIN last USING (record_id)
         WHERE l.head IS DISTINCT FROM coalesce(last.number, 0)
        """,
    ),
    Invariant(
        "inbox-in-order",
        "In each inbox, a row made when its event was published stands before every row of a later event; only "
        "catching up and taking over bring older events in late.",
        "events_delivery WHERE n IS NOT NULL",
        """
        SELECT 'events_delivery', jsonb_build_object('person_id', person_id, 'event_id', event_id),
               'after a row of a later event'
          FROM (SELECT d.person_id, d.event_id, d.ground, e.seq,
                       max(e.seq) OVER (PARTITION BY d.person_id ORDER BY d.n
                                        ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING) AS before
                  FROM events_delivery d JOIN events_event e ON e.id = d.event_id
                 WHERE d.n IS NOT NULL) AS row
         WHERE before > seq AND ground NOT IN ('joining', 'successor')
        """,
    ),
    Invariant(
        "revisions-gapless",
        "Each plan's revisions are 1 to the plan's own number, in the order of the ledger.",
        "plans_planrevision",
        """
        WITH numbered AS (
            SELECT r.plan_id, r.number, lag(r.number, 1, 0) OVER (PARTITION BY r.plan_id ORDER BY e.seq) AS before
              FROM plans_planrevision r JOIN events_event e ON e.id = r.event_id
        ), last AS (
            SELECT plan_id, max(number) AS number FROM plans_planrevision GROUP BY plan_id
        )
        SELECT 'plans_planrevision', jsonb_build_object('plan_id', plan_id, 'number', before + 1),
               CASE WHEN number > before THEN 'missing' ELSE 'out of order, just before' END
          FROM numbered WHERE number <> before + 1
         UNION ALL
        SELECT 'plans_plan', jsonb_build_object('id', p.id), 'revision is not that of its newest'
          FROM plans_plan p LEFT JOIN last ON last.plan_id = p.id
         WHERE p.revision IS DISTINCT FROM last.number
        """,
    ),
)
