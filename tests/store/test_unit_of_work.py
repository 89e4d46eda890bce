"""What a unit of work promises: writes that are sent together are told apart, and undone together."""

import pytest
from sqlalchemy import select
from sqlalchemy.exc import IntegrityError

from app.store.models import Setting
from app.store.unit_of_work import inserting, is_conflict, send, unit_of_work


def test_writes_that_are_sent_together_are_all_there(database):
    with unit_of_work() as session:
        send(session, [inserting(Setting, [{"key": "a", "value": 1}]),
                       inserting(Setting, [{"key": "b", "value": 2}, {"key": "c", "value": 3}])])
        assert session.scalars(select(Setting.key).order_by(Setting.key)).all() == ["a", "b", "c"]


@pytest.mark.parametrize("place_of_the_wrong_one", range(3))
def test_one_wrong_write_is_told_as_the_error_it_is_and_none_stays(database, place_of_the_wrong_one):
    writes = [inserting(Setting, [{"key": "b", "value": 2}]), inserting(Setting, [{"key": "c", "value": 3}])]
    writes.insert(place_of_the_wrong_one, inserting(Setting, [{"key": "a", "value": 2}]))
    with unit_of_work() as session:
        send(session, [inserting(Setting, [{"key": "a", "value": 1}])])
    with pytest.raises(IntegrityError) as told, unit_of_work() as session:
        send(session, writes)
    assert not is_conflict(told.value)
    with unit_of_work() as session:
        assert session.scalars(select(Setting.key)).all() == ["a"]
