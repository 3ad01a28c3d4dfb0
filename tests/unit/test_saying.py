"""Words that every face uses."""

from contract.toy import ENGINE

from lineshaft.core import Reason
from lineshaft.faces.saying import amount, duration, reason_words


class Brackets:
    """An engine that only has words."""

    @staticmethod
    def load(_part):
        return {
            "late": (
                "{order_id} late: work {work_min}[, setups {setup_min}].",
                "{order_id} 拖期:加工 {work_min}[,换型 {setup_min}]。",
            )
        }


def test_parts_in_brackets_go_when_their_fact_is_zero():
    facts = {"order_id": "A", "work_min": 90, "setup_min": 0}
    assert reason_words(Brackets, Reason("order_plan", ("A",), "late", facts)) == (
        "A late: work 1\u202fh 30\u202fmin.",
        "A 拖期:加工 1\u202f小时 30\u202f分。",
    )
    said = reason_words(Brackets, Reason("order_plan", ("A",), "late", facts | {"setup_min": 5}))
    assert said.en == "A late: work 1\u202fh 30\u202fmin, setups 5\u202fmin."


def test_a_reason_without_words_is_its_code():
    assert reason_words(ENGINE, Reason("line", ("x",), "no_such_code")).en == "no_such_code"


def test_amounts_and_durations_as_people_say_them():
    assert amount(1234.5, "min") == "1,234\u202fmin"
    assert amount(2.25, "h") == "2.25\u202fh"
    assert duration(1500, "zh") == "1\u202f天 1\u202f小时"
