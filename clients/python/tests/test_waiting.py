"""Waiting for sentinels, on a real folder and a real kernel."""

import os
import tempfile
import threading
import time
import unittest
from unittest import mock

from stagewatch import JobFailed, UsageError, WaitTimeout, forget, wait, write_failure, write_success
from stagewatch import _inotify


class WaitTest(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.paths = [os.path.join(folder.name, name, "G1", "sentinel.json") for name in ("d1", "d2")]

    def later(self, task, *arguments, after=0.3):
        timer = threading.Timer(after, task, arguments)
        timer.start()
        self.addCleanup(timer.join)

    def test_returns_when_all_are_there(self):
        write_success(self.paths[0])
        self.later(write_success, self.paths[1])
        self.assertEqual(wait(self.paths, 10), self.paths)

    def test_any_returns_the_first_and_bears_with_a_failure_while_another_may_come(self):
        write_failure(self.paths[0], "no")
        self.later(write_success, self.paths[1])
        self.assertEqual(wait(self.paths, 10, any=True), [self.paths[1]])

    def test_any_fails_when_all_have_failed(self):
        for path in self.paths:
            write_failure(path, f"no {os.path.basename(os.path.dirname(os.path.dirname(path)))}")
        with self.assertRaisesRegex(JobFailed, "no d1"):
            wait(self.paths, 10, any=True)

    def test_raises_at_once_on_a_failure_with_its_words(self):
        began = time.monotonic()
        self.later(lambda: write_failure(self.paths[1], "page 3", worker="w1"))
        with self.assertRaises(JobFailed) as caught:
            wait(self.paths, 30)
        self.assertLess(time.monotonic() - began, 5)
        self.assertEqual((caught.exception.error, caught.exception.worker), ("page 3", "w1"))
        self.assertEqual(caught.exception.path, self.paths[1])

    def test_wakes_by_inotify_although_folders_come_later(self):
        for _ in range(5):
            self.later(write_success, self.paths[0], after=0.15)
            began = time.monotonic()
            wait(self.paths[0], 10)
            # A poll alone would need until the next second.
            self.assertLess(time.monotonic() - began, 0.9)
            forget(self.paths[0])

    def test_polls_where_no_watch_can_be_had(self):
        with mock.patch.object(_inotify, "_load_libc", lambda: None):
            self.later(write_success, self.paths[0])
            self.assertEqual(wait(self.paths[0], 10), [self.paths[0]])

    def test_says_in_time_what_is_missing(self):
        write_success(self.paths[0])
        with self.assertRaises(WaitTimeout) as caught:
            wait(self.paths, 0.2)
        self.assertEqual(caught.exception.missing, [self.paths[1]])

    def test_a_success_stands_beside_an_older_failure(self):
        write_success(self.paths[0])
        with open(self.paths[0] + ".failed", "w", encoding="utf-8") as file:
            file.write("plain words of an earlier attempt")
        self.assertEqual(wait(self.paths[0], 1), [self.paths[0]])

    def test_an_empty_success_is_a_success(self):
        os.makedirs(os.path.dirname(self.paths[0]), exist_ok=True)
        open(self.paths[0], "w").close()
        self.assertEqual(wait(self.paths[0], 1), [self.paths[0]])

    def test_failures_in_plain_text_empty_and_broken(self):
        for content, expected in (("plain\n", "plain"), ("", "is empty"), ('{"error": "ha', "ha"), ("{}", "without")):
            with self.subTest(content):
                os.makedirs(os.path.dirname(self.paths[0]), exist_ok=True)
                with open(self.paths[0] + ".failed", "w", encoding="utf-8") as file:
                    file.write(content)
                with self.assertRaisesRegex(JobFailed, expected):
                    wait(self.paths[0], 1)

    def test_needs_a_path(self):
        with self.assertRaises(UsageError):
            wait([], 1)

    def test_forget_removes_both_and_minds_no_absence(self):
        write_success(self.paths[0])
        forget(self.paths)
        self.assertEqual(os.listdir(os.path.dirname(self.paths[0])), [])


if __name__ == "__main__":
    unittest.main()
