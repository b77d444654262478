import assert from 'node:assert/strict';
import { test } from 'node:test';
import { sentinelsSection } from '../../../src/config/sentinels-section.js';
import { createFailureClassifier } from '../../../src/sources/sentinels/classify-failure.js';

const classify = createFailureClassifier(sentinelsSection.parse({}).reasons);

for (const [text, reason] of [
  ['torch.cuda.OutOfMemoryError: CUDA out of memory. Tried to allocate 20.00 MiB (GPU 0; …)', 'gpu_oom'],
  ['RuntimeError: CUDA error: out of memory\nCUDA kernel errors might be asynchronously reported', 'gpu_oom'],
  ['numpy.core._exceptions.MemoryError: Unable to allocate 3.1 GiB for an array with shape (…)', 'host_oom'],
  ['OSError: [Errno 12] Cannot allocate memory', 'host_oom'],
  ['OSError: [Errno 28] No space left on device: /data/x', 'disk'],
  ["requests.exceptions.ConnectionError: ('Connection aborted.', RemoteDisconnected(…))", 'connection'],
  ['pika.exceptions.StreamLostError: Stream connection lost', 'connection'],
  ['subprocess.TimeoutExpired: Command grobid timed out after 600 seconds', 'timeout'],
  ['TimeoutError', 'timeout'],
  ['pdfminer.pdfparser.PDFSyntaxError: No /Root object! - Is this really a PDF?', 'input_document'],
  ['PIL.UnidentifiedImageError: cannot identify image file <_io.BytesIO>', 'input_document'],
  ['RuntimeError: CUDA error: device-side assert triggered', 'model'],
  ['Error(s) in loading state_dict for Net:', 'model'],
  ['KeyError: 7', 'unknown'],
  ['', 'unknown'],
  // The code that a traceback quotes is not the error.
  ['  File "a.py", line 3\n    get(url, timeout=30)\npdfminer.PDFSyntaxError: no /Root', 'input_document'],
] as const) {
  test(`"${text.slice(0, 60)}" is ${reason}`, () => assert.equal(classify(text), reason));
}

test("a user's reasons replace the built-in ones, in their order", () => {
  const own = createFailureClassifier({ license: ['seat * taken'], other: ['taken'] });
  assert.equal(own('Seat 14 was TAKEN'), 'license');
  assert.equal(own('taken'), 'other');
  assert.equal(own('CUDA out of memory'), 'unknown');
});

test('no pattern of a user takes long on any text', () => {
  const own = createFailureClassifier({ bad: [`${'a*'.repeat(500)}b`] });
  const startedMs = performance.now();
  assert.equal(own('a'.repeat(65_536)), 'unknown');
  assert.ok(performance.now() - startedMs < 500);
});
