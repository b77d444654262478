"""Progress files and sentinels of a job, on a real folder."""

import errno
import json
import os
import tempfile
import threading
import time
import unittest
from unittest import mock

from stagewatch import Job, UsageError, _files
from stagewatch.sentinel import sentinel_path, write_failure, write_success


class JobTest(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.progress = os.path.join(folder.name, "progress")
        self.data = os.path.join(folder.name, "data")
        os.mkdir(self.progress)
        os.mkdir(self.data)
        self.pattern = os.path.join(self.data, "{document}/{stage}/sentinel.json")
        self.path = os.path.join(self.data, "PMC1/G3_02/sentinel.json")

    def job(self, **more):
        options = {"sentinel": self.pattern, "progress": self.progress, "name": "worker-1", **more}
        return Job("PMC1", "G3_02", **options)

    def shown(self):
        with open(os.path.join(self.progress, "worker-1.json"), encoding="utf-8") as file:
            return json.load(file)

    def read(self, path):
        with open(path, encoding="utf-8") as file:
            return json.load(file)

    def test_progress_is_there_at_once_follows_within_a_second_or_so_and_goes_at_the_end(self):
        with self.job(total=40, unit="page") as job:
            shown = self.shown()
            self.assertEqual(
                {key: shown[key] for key in ("schema", "role", "name", "stage", "state", "document", "total", "unit")},
                {
                    "schema": 1,
                    "role": "worker",
                    "name": "worker-1",
                    "stage": "G3_02",
                    "state": "running",
                    "document": "PMC1",
                    "total": 40,
                    "unit": "page",
                },
            )
            self.assertAlmostEqual(shown["started_at"], time.time(), delta=5)
            job.step()
            job.step(2, message="table on page 3")
            end = time.monotonic() + 5
            while self.shown().get("done") != 3 and time.monotonic() < end:
                time.sleep(0.02)
            self.assertEqual((self.shown()["done"], self.shown()["message"]), (3, "table on page 3"))
        self.assertEqual(os.listdir(self.progress), [])
        self.assertEqual(self.read(self.path)["document"], "PMC1")

    def test_steps_are_written_at_most_once_a_second(self):
        writes = []
        real = _files.os.replace
        with mock.patch.object(_files.os, "replace", lambda *paths: (writes.append(time.monotonic()), real(*paths))):
            with self.job(sentinel=None) as job:
                end = time.monotonic() + 2.6
                while time.monotonic() < end:
                    job.step()
        gaps = [after - before for before, after in zip(writes, writes[1:])]
        self.assertGreaterEqual(len(writes), 2)
        self.assertGreaterEqual(min(gaps), 0.99)

    def test_an_exception_becomes_a_failure_sentinel_with_error_worker_and_traceback_and_goes_on(self):
        with self.assertRaises(ValueError):
            with self.job():
                raise ValueError("page 3 is empty")
        said = self.read(self.path + ".failed")
        self.assertEqual((said["error"], said["worker"]), ("ValueError: page 3 is empty", "worker-1"))
        self.assertIn("test_job.py", said["traceback"])
        self.assertRegex(said["failed_at"], r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$")
        self.assertFalse(os.path.exists(self.path))
        self.assertEqual(os.listdir(self.progress), [])

    def test_messages_that_cannot_be_shown_are_still_a_failure(self):
        class Unprintable(Exception):
            def __str__(self):
                raise SystemExit("no words")

        cases = [
            (Unprintable(), "Unprintable (its message cannot be shown: SystemExit)"),
            (ValueError("half \udcff"), "ValueError: half ?"),
            (ValueError(), "ValueError"),
            (KeyboardInterrupt(), "KeyboardInterrupt"),
        ]
        for error, expected in cases:
            with self.subTest(expected):
                with self.assertRaises(type(error)):
                    with self.job():
                        raise error
                self.assertEqual(self.read(self.path + ".failed")["error"], expected)

    def test_a_huge_message_keeps_its_start_and_its_end(self):
        with self.assertRaises(ValueError):
            with self.job():
                raise ValueError("begin" + "x" * 10_000_000 + "end")
        said = self.read(self.path + ".failed")["error"]
        self.assertTrue(said.startswith("ValueError: begin") and said.endswith("end"))
        self.assertLess(os.path.getsize(self.path + ".failed"), 65_536)

    def test_a_failure_never_undoes_a_success(self):
        write_success(self.path)
        with self.assertRaises(ValueError):
            with self.job():
                raise ValueError("the other worker was faster")
        self.assertTrue(os.path.exists(self.path))
        self.assertFalse(os.path.exists(self.path + ".failed"))

    def test_a_success_removes_the_failure_of_an_earlier_attempt(self):
        write_failure(self.path, "grobid refused")
        with self.job() as job:
            self.assertFalse(os.path.exists(self.path + ".failed"))
            job.result(tables=3)
        self.assertEqual(self.read(self.path)["tables"], 3)

    def test_a_full_disk_raises_and_leaves_no_half_file(self):
        full = OSError(errno.ENOSPC, "No space left on device")
        with mock.patch.object(_files.os, "fsync", side_effect=full):
            with self.assertRaises(OSError):
                with self.job():
                    pass
        self.assertEqual(os.listdir(os.path.dirname(self.path)), [])
        self.assertEqual(os.listdir(self.progress), [])

    def test_a_full_disk_is_waited_out_and_shown_meanwhile(self):
        job = self.job()
        job.start()
        real, tries = os.fsync, []

        def fsync(fd):
            tries.append(job.message)
            if len(tries) < 3:
                raise OSError(errno.ENOSPC, "No space left on device")
            real(fd)

        with mock.patch.object(_files.os, "fsync", fsync), self.assertLogs("stagewatch", "ERROR"):
            job.succeed(patience=30)
        self.assertEqual(tries[1], "done, but its sentinel cannot be written: No space left on device")
        self.assertTrue(os.path.exists(self.path))

    def test_progress_that_cannot_be_written_costs_a_warning_and_not_the_job(self):
        with self.assertLogs("stagewatch", "WARNING") as logs:
            with self.job() as job:
                for name in os.listdir(self.progress):
                    os.unlink(os.path.join(self.progress, name))
                os.rmdir(self.progress)
                with open(self.progress, "w", encoding="utf-8"):
                    pass
                for _ in range(3):
                    job.start(total=3)
        self.assertEqual(len(logs.records), 1)
        self.assertTrue(os.path.exists(self.path))

    def test_wrong_use_says_what_to_do(self):
        with self.assertRaisesRegex(UsageError, "mount it, or correct sentinel="):
            with self.job(sentinel="/nowhere/{document}/s.json"):
                pass
        with self.assertRaisesRegex(UsageError, "set STAGEWATCH_PROGRESS_DIR"):
            with self.job(progress="/nowhere"):
                pass
        with self.assertRaisesRegex(UsageError, "only {document} and {stage}"):
            self.job(sentinel="/data/{doc}/s.json")
        with self.assertRaisesRegex(UsageError, "container's name"):
            self.job(name="a/b")

    def test_names_that_lead_elsewhere_are_refused(self):
        for name in ("", ".", "..", "../x", "a/b", ".hidden", "a\0b", "a\nb", "x" * 300):
            with self.subTest(name), self.assertRaisesRegex(UsageError, "cannot be part of a path"):
                sentinel_path("/data/{document}/s.json", name, None)
        with self.assertRaisesRegex(UsageError, "needs the stage"):
            sentinel_path("/data/{document}/{stage}.json", "PMC1", None)
        self.assertEqual(sentinel_path("/d/{document}/{stage}.json", "Ünï {stage}", "G1"), "/d/Ünï G1/G1.json")

    def test_a_heartbeat_writes_again_with_the_same_content(self):
        with self.job(sentinel=None) as job, job.heartbeat("rendering", every=0.3):
            end = time.monotonic() + 6
            seen = set()
            while len(seen) < 3 and time.monotonic() < end:
                seen.add(self.shown()["updated_at"])
                time.sleep(0.02)
            self.assertEqual((self.shown()["message"], len(seen)), ("rendering", 3))

    def test_a_forked_child_leaves_the_file_to_its_parent(self):
        with self.job(sentinel=None) as job:
            job.step()
            child = os.fork()
            if child == 0:
                os._exit(0 if threading.active_count() == 1 else 1)
            self.assertEqual(os.waitpid(child, 0)[1], 0)
            end = time.monotonic() + 5
            while self.shown().get("done") != 1 and time.monotonic() < end:
                time.sleep(0.02)
            self.assertEqual(self.shown()["done"], 1)


if __name__ == "__main__":
    unittest.main()
