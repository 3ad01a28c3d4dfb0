"""What the process does that is killed: it accepts and undoes without end and says so after each."""

import random
from multiprocessing.connection import Connection

from toy_line import TOY

from lineshaft.store import Works
from lineshaft.store.home import Place


def decide_forever(place: Place, told: Connection, seed: int) -> None:
    """On a word, begin; after each decision tell how long the log is, and what the plan's digest is."""
    rng = random.Random(seed)
    with Works.open(place) as works:
        works.use(TOY)
        told.recv()
        tell(works, told)
        while True:
            if any(not accept.undone for accept in works.accepts()):
                works.undo("last", "li")
            else:
                works.accept(f"r{rng.randint(1, 3)}", "li")
            tell(works, told)


def tell(works: Works, told: Connection) -> None:
    told.send((works.root()[0], plan_digest(works)))


def plan_digest(works: Works) -> str:
    from lineshaft.store import state

    with works.database.reading() as connection:
        return state.digests(connection)["order_plan"]


def hang_with_an_offer(place: Place) -> None:
    """A run that offers two answers and then never ends."""
    with Works.open(place) as works:
        works.propose(TOY, {"stop": "hang"}, actor="li")
