"""What of one's inbox has arrived and what was handed out and kept. Knows no network."""

from collections import deque

from carehub.client.errors import BadAnswer
from carehub.client.frames import Cursor, Event


class Inbox:
    """Each event once, in order. `cursor` is that of the last event kept, None until an epoch is known.

    The event handed out last is *in hand*: it is kept once its reader says so or asks for the next. A
    reader that fails over it finds it again after a restart from `cursor`.
    """

    def __init__(self, cursor: Cursor | None) -> None:
        self.cursor = cursor
        self.duplicates = 0
        self._in_hand: Event | None = None
        self._arrived = cursor.n if cursor else 0
        self._waiting: deque[Event] = deque()

    def __len__(self) -> int:
        """How many events have arrived and wait to be handed out."""
        return len(self._waiting)

    @property
    def handed_out(self) -> Cursor | None:
        """Where to resume as long as this reader lives: behind the event in hand."""
        if self._in_hand is None or self.cursor is None:
            return self.cursor
        return Cursor(self.cursor.epoch, self._in_hand.n)

    @property
    def arrived(self) -> Cursor:
        """Where to ask for more; raises BadAnswer while no epoch is known."""
        if self.cursor is None:
            raise BadAnswer("Of which epoch the numbers are is not known yet.")
        return Cursor(self.cursor.epoch, self._arrived)

    def pin(self, cursor: Cursor) -> None:
        """Stand here if nowhere yet: what comes "from now on" comes after this."""
        if self.cursor is None:
            self.reset(cursor)

    def reset(self, cursor: Cursor) -> None:
        """Stand here, whatever was before; what waited or was in hand belonged to another epoch."""
        self.cursor = cursor
        self._in_hand = None
        self.rewind()

    def rewind(self) -> None:
        """Forget what has not been handed out: it will be sent again to who resumes from `handed_out`."""
        self._waiting.clear()
        self._arrived = self.handed_out.n if self.handed_out else 0

    def offer(self, event: Event) -> bool:
        """Take in an event; False when it has been here already."""
        if event.n <= self._arrived:
            self.duplicates += 1
            return False
        self._arrived = event.n
        self._waiting.append(event)
        return True

    def pass_over(self, n: int) -> None:
        """Nothing up to n is this person's any more, except what has arrived."""
        self._arrived = max(self._arrived, n)
        if not self._waiting and self._in_hand is None and self.cursor is not None:
            self.cursor = Cursor(self.cursor.epoch, self._arrived)

    def keep(self) -> int | None:
        """The event in hand is shown or stored; returns its n, None when there is none in hand."""
        if self._in_hand is None:
            return None
        self.cursor, self._in_hand = self.handed_out, None
        return None if self.cursor is None else self.cursor.n

    def take(self) -> Event | None:
        """Hand out the next event, None when there is none."""
        if not self._waiting:
            return None
        self._in_hand = self._waiting.popleft()
        return self._in_hand
