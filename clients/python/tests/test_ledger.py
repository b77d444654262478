"""What a delivery means, by table: no broker."""

import unittest

from stagewatch._ledger import Joined, Ledger, Queued, Settle
from stagewatch.message import Delivery, read_message


def message(tag=1, epoch=1, document="d1", message_id=None, redelivered=False, body=None):
    text = body if body is not None else b'{"document": "%s"}' % document.encode() if document else b"plain"
    return read_message(Delivery(epoch, tag, text, {}, message_id, redelivered, None, None), "document")


class LedgerTest(unittest.TestCase):
    def setUp(self):
        self.ledger = Ledger()
        self.ledger.opened(1)

    def run_one(self, one):
        self.assertEqual(self.ledger.delivered(one), Queued(one))
        self.assertIs(self.ledger.next(), one)

    def test_one_job_at_a_time_in_order(self):
        first, second = message(1), message(2, document="d2")
        self.run_one(first)
        self.ledger.delivered(second)
        self.assertIsNone(self.ledger.next())
        self.assertEqual(self.ledger.ended("ack"), [Settle(first, "ack")])
        self.assertIs(self.ledger.next(), second)

    def test_redelivered_while_it_runs_is_joined_and_only_the_new_delivery_is_settled(self):
        self.run_one(message(1))
        self.assertTrue(self.ledger.lost())
        self.ledger.opened(2)
        again = message(7, epoch=2, redelivered=True)
        self.assertEqual(self.ledger.delivered(again), Joined(again))
        self.assertIsNone(self.ledger.next())
        self.assertEqual(self.ledger.ended("reject"), [Settle(again, "reject")])

    def test_a_twin_on_the_same_channel_ends_with_the_first(self):
        first, twin = message(1), message(2)
        self.run_one(first)
        self.assertIsInstance(self.ledger.delivered(twin), Joined)
        self.assertEqual([one.message.delivery.tag for one in self.ledger.ended("ack")], [1, 2])

    def test_no_delivery_of_a_dead_channel_is_settled(self):
        self.run_one(message(1))
        self.ledger.delivered(message(2, document="d2"))
        self.ledger.lost()
        self.assertEqual(self.ledger.waiting, 0)
        self.assertEqual(self.ledger.ended("ack"), [])
        self.assertEqual(self.ledger.give_back(), [])

    def test_an_end_that_the_broker_never_heard_of_is_told_when_the_message_comes_again(self):
        for outcome in ("ack", "reject"):
            with self.subTest(outcome):
                self.setUp()
                self.run_one(message(1))
                self.ledger.lost()
                self.ledger.ended(outcome)
                self.ledger.opened(2)
                again = message(1, epoch=2, redelivered=True)
                self.assertEqual(self.ledger.delivered(again), Settle(again, outcome))

    def test_by_its_id_also_where_a_broker_that_restarted_forgot_that_it_delivered(self):
        self.run_one(message(1, message_id="m1"))
        self.ledger.ended("ack")
        self.ledger.lost()
        self.ledger.opened(2)
        again = message(1, epoch=2, message_id="m1")
        self.assertEqual(self.ledger.delivered(again), Settle(again, "ack"))

    def test_a_new_message_for_the_same_document_runs_and_so_does_its_redelivery(self):
        self.run_one(message(1, message_id="m1"))
        self.ledger.ended("ack")
        self.assertIsInstance(self.ledger.delivered(message(2, message_id="m2")), Queued)
        self.ledger.lost()
        self.ledger.opened(2)
        again = message(1, epoch=2, message_id="m2", redelivered=True)
        self.assertIsInstance(self.ledger.delivered(again), Queued)

    def test_a_requeued_job_runs_again(self):
        self.run_one(message(1))
        self.ledger.ended("requeue")
        self.assertIsInstance(self.ledger.delivered(message(2, redelivered=True)), Queued)

    def test_one_id_on_different_bodies_is_no_identity(self):
        self.run_one(message(1, document="d1", message_id="same"))
        self.assertIsInstance(self.ledger.delivered(message(2, document="d2", message_id="same")), Queued)

    def test_one_document_with_other_parameters_is_another_job(self):
        self.run_one(message(1))
        other = message(2, body=b'{"document": "d1", "dpi": 300}')
        self.assertIsInstance(self.ledger.delivered(other), Queued)

    def test_what_has_neither_id_nor_document_is_always_a_job_of_its_own(self):
        self.run_one(message(1, document=None))
        self.assertIsInstance(self.ledger.delivered(message(2, document=None, redelivered=True)), Queued)

    def test_acked_early_it_is_settled_before_it_runs_and_acked_again_when_it_comes_again(self):
        first = message(1)
        self.run_one(first)
        self.assertEqual(self.ledger.settle_early(), [Settle(first, "ack")])
        again = message(3, epoch=2, redelivered=True)
        self.assertEqual(self.ledger.delivered(again), Settle(again, "ack"))
        self.assertEqual(self.ledger.ended("reject"), [])

    def test_a_stop_gives_back_what_was_not_begun(self):
        self.run_one(message(1))
        waiting = [message(2, document="d2"), message(3, document="d3")]
        for one in waiting:
            self.ledger.delivered(one)
        self.assertEqual(self.ledger.give_back(), [Settle(one, "requeue") for one in waiting])

    def test_memory_of_ended_jobs_is_bounded(self):
        for number in range(12_000):
            self.run_one(message(number, document=f"d{number}"))
            self.ledger.ended("ack")
        self.assertLessEqual(len(self.ledger._ended), 10_000)


class MessageTest(unittest.TestCase):
    def test_document_and_stage_from_the_body_else_from_headers(self):
        cases = [
            (b'{"document": "PMC1", "stage": "G1"}', {}, ("PMC1", "G1")),
            (b'{"document": 17}', {}, ("17", None)),
            (b"plain", {"document": "PMC2"}, ("PMC2", None)),
            (b'{"document": true}', {}, (None, None)),
            (b'{"document": ""}', {}, (None, None)),
            (b'["PMC1"]', {}, (None, None)),
            (b"\xff\xfe", {}, (None, None)),
            (b"", {}, (None, None)),
        ]
        for body, headers, expected in cases:
            with self.subTest(body):
                found = read_message(Delivery(1, 1, body, headers, None, False, None, None), "document")
                self.assertEqual((found.document, found.stage), expected)


if __name__ == "__main__":
    unittest.main()
