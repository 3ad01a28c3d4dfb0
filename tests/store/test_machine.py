"""Any sequence of writes, runs, accepts and undos leaves the works as a plain dictionary says."""

from itertools import count

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)
from toy_line import FREE, TOY, orders

from lineshaft.core import BadInput, Refused
from lineshaft.store import Works
from lineshaft.store.backup import verify

EXAMPLES = {"sqlite": 5, "postgres": 2}
IDS = st.sets(st.sampled_from("123"), min_size=1).map(sorted)


class Planner(RuleBasedStateMachine):
    """The model: orders and plan as dictionaries, each run's view of them, and the accepts as (before, after)."""

    def __init__(self, place):
        super().__init__()
        self.works = Works.create(place, "Test")
        self.works.use(TOY)
        self.works.use(FREE)
        self.orders, self.plan = {}, {}
        self.runs, self.accepts = {}, {}

    @rule(ids=IDS, quantity=st.integers(0, 2), upsert=st.booleans())
    def write(self, ids, quantity, upsert):
        wanted = {**self.orders, **dict.fromkeys(ids, quantity)} if upsert else dict.fromkeys(ids, quantity)
        fits = quantity > 0 and set(self.plan) <= set(wanted)
        try:
            self.works.write(
                {"work_order": orders(*ids, quantity=quantity)},
                "li",
                "import",
                mode="upsert" if upsert else "replace",
            )
            assert fits
            self.orders = wanted
        except BadInput:
            assert not fits

    @rule(delay_h=st.integers(0, 3), engine=st.sampled_from([TOY, FREE]))
    def propose(self, delay_h, engine):
        run = self.works.propose(engine, {"delay_h": delay_h})
        after = dict.fromkeys(self.orders, delay_h)
        self.runs[run] = (dict(self.orders), dict(self.plan), after)

    @precondition(lambda self: self.runs)
    @rule(data=st.data())
    def accept(self, data):
        run = data.draw(st.sampled_from(sorted(self.runs)))
        seen_orders, seen_plan, after = self.runs[run]
        held = [id for id, (of, _, _, undone) in self.accepts.items() if of == run and not undone]
        try:
            accept = self.works.accept(run, "li")
        except Refused:
            assert not held
            assert (seen_orders, seen_plan) != (self.orders, self.plan)
            return
        if held:
            assert [accept] == held
            return
        if seen_orders is not None:
            assert seen_orders == self.orders
        assert seen_plan == self.plan
        self.accepts[accept] = (run, dict(self.plan), after, False)
        self.plan = dict(after)
        undone = self.works.run(run).params.get("accept_id")
        if undone:
            self.mark_undone(undone)

    @precondition(lambda self: self.accepts)
    @rule(data=st.data())
    def undo(self, data):
        accept = data.draw(st.sampled_from(sorted(self.accepts)))
        _, before, after, undone = self.accepts[accept]
        try:
            done = self.works.undo(accept, "li")
        except Refused:
            assert undone
            return
        except BadInput:
            assert not set(before) <= set(self.orders)
            return
        assert not undone
        if self.plan == after:
            assert done.proposal is None
            self.plan = dict(before)
            self.mark_undone(accept)
        else:
            assert self.works.run(done.proposal).kind == "undo"
            if set(before) <= set(self.orders):
                self.runs[done.proposal] = (None, dict(self.plan), before)

    def mark_undone(self, accept):
        run, before, after, _ = self.accepts[accept]
        self.accepts[accept] = (run, before, after, True)

    @invariant()
    def tables_are_as_the_model_says(self):
        found = self.works.read("work_order")
        assert dict(found.select("order_id", "quantity").iter_rows()) == self.orders
        plan = self.works.read("order_plan")
        assert dict(plan.select("order_id", plan["start"].dt.hour()).iter_rows()) == self.plan
        assert {record.accept_id for record in self.works.accepts() if record.undone} == {
            id for id, (*_, undone) in self.accepts.items() if undone
        }

    def teardown(self):
        assert verify(self.works.place) == []
        self.works.close()


def test_any_sequence_leaves_what_the_model_says(places):
    numbers = count()
    run_state_machine_as_test(
        lambda: Planner(places(f"works{next(numbers)}")),
        settings=settings(max_examples=EXAMPLES[places.kind], stateful_step_count=15, deadline=None),
    )
