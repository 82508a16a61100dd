from ganviz.history import History


def test_edits_undo_and_redo_in_order() -> None:
    history = History(0)
    for state in (1, 2, 3):
        history.edit(state)
    assert [history.undo(), history.undo(), history.redo()] == [2, 1, 2]
    assert history.past == (0, 1) and history.future == (3,)


def test_a_gesture_is_one_step_whatever_its_number_of_ticks() -> None:
    history = History(0)
    for state in range(1, 50):
        history.edit(state, "drag")
    history.seal()
    history.edit(99, "drag")
    assert history.past == (0, 49)


def test_a_gesture_that_ends_where_it_began_leaves_no_step() -> None:
    history = History(0)
    for state in (1, 2, 0):
        history.edit(state, "drag")
    assert history.past == () and not history.can_undo


def test_a_gesture_back_to_its_start_can_go_on() -> None:
    history = History(0)
    for state in (1, 0, 2, 3):
        history.edit(state, "drag")
    assert history.past == (0,) and history.present == 3


def test_equal_edits_and_undo_at_the_end_do_nothing() -> None:
    history = History(0)
    assert not history.edit(0)
    assert history.undo() == 0 and history.redo() == 0


def test_a_new_edit_forgets_what_was_undone() -> None:
    history = History(0)
    history.edit(1)
    history.undo()
    history.edit(2)
    assert not history.can_redo and history.undo() == 0


def test_dirty_means_different_from_what_was_saved() -> None:
    history = History(0)
    history.edit(1)
    assert history.dirty
    history.mark_saved()
    history.undo()
    assert history.dirty
    history.redo()
    assert not history.dirty


def test_the_past_is_bounded() -> None:
    history = History(0, limit=10)
    for state in range(1, 100):
        history.edit(state)
    assert len(history.past) == 10 and history.past[-1] == 98


def test_jump_goes_to_any_state() -> None:
    history = History(0)
    for state in (1, 2, 3):
        history.edit(state)
    assert [history.jump(k) for k in (0, 3, 1)] == [0, 3, 1]
