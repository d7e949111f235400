"""A consumer counts as hung after a minute without a reply, unless all slots are busy."""

from worker.queue.consumer_watch import MAX_SILENT_ROUNDS, ConsumerWatch


def count_rounds(watch: ConsumerWatch, count: int) -> list[bool]:
    return [watch.count_round() for _ in range(count)]


def test_a_consumer_without_a_reply_counts_as_hung_until_it_gets_one() -> None:
    watch = ConsumerWatch(2)

    assert all(count_rounds(watch, MAX_SILENT_ROUNDS))
    assert not any(count_rounds(watch, 3))
    watch.record_reply()
    assert watch.count_round()


def test_a_consumer_asks_for_nothing_while_all_slots_are_busy_and_has_a_minute_after_that() -> None:
    watch = ConsumerWatch(2)
    for _ in range(2):
        watch.record_task_start()

    assert all(count_rounds(watch, 5 * MAX_SILENT_ROUNDS))
    watch.record_task_end()
    assert all(count_rounds(watch, MAX_SILENT_ROUNDS))
    assert not watch.count_round()
