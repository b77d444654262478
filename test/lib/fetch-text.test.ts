import assert from 'node:assert/strict';
import { describe, it, type TestContext } from 'node:test';
import { gzipSync } from 'node:zlib';
import { systemClock } from '../../src/lib/clock.js';
import { describeError } from '../../src/lib/describe-error.js';
import { FetchTextError, type FetchTextOptions, fetchText } from '../../src/lib/fetch-text.js';
import { freePort } from '../support/free-port.js';
import { startServer } from '../support/misbehaving-server.js';
import { waitFor } from '../support/wait-for.js';

const MB = 1024 * 1024;

function fetchFrom(url: string, options: Partial<FetchTextOptions> = {}): Promise<string> {
  return fetchText({ url, clock: systemClock, timeLimitMs: 5000, maxBytes: MB, ...options });
}

async function failureOf(reading: Promise<string>): Promise<FetchTextError> {
  try {
    await reading;
  } catch (error) {
    assert.ok(error instanceof FetchTextError, String(error));
    return error;
  }
  throw new Error('it did not fail');
}

describe('a text behind a URL', () => {
  it('is read whole, in many pieces and with its characters', async (test: TestContext) => {
    const { url } = await startServer(test, (_request, response) => {
      const bytes = Buffer.from('ü€😀\n'.repeat(1000));
      for (let at = 0; at < bytes.length; at += 1001) response.write(bytes.subarray(at, at + 1001));
      response.end();
    });
    assert.equal(await fetchFrom(url), 'ü€😀\n'.repeat(1000));
  });

  it('is unpacked when it comes as gzip', async (test: TestContext) => {
    const { url } = await startServer(test, (request, response) => {
      assert.match(request.headers['accept-encoding'] ?? '', /gzip/);
      response.setHeader('content-encoding', 'gzip');
      response.end(gzipSync('metric 1\n'));
    });
    assert.equal(await fetchFrom(url), 'metric 1\n');
  });

  it('is asked for with the credentials of the URL, in the header only', async (test: TestContext) => {
    const { url } = await startServer(test, (request, response) => {
      response.end(JSON.stringify([request.url, request.headers.authorization]));
    });
    const withUser = url.replace('//', '//us%20er:p%40ss%@');
    const [path, authorization] = JSON.parse(await fetchFrom(`${withUser}/metrics?a=b`)) as [string, string];
    assert.equal(path, '/metrics?a=b');
    assert.equal(Buffer.from(authorization.replace('Basic ', ''), 'base64').toString(), 'us er:p%40ss%');
  });

  it('may name no media type, or one of those accepted', async (test: TestContext) => {
    const { url, answerWith } = await startServer(test, (_request, response) => response.end('a'));
    assert.equal(await fetchFrom(url, { mediaTypes: ['text/plain'] }), 'a');
    answerWith((_request, response) => {
      response.setHeader('content-type', 'Text/Plain; version=0.0.4');
      response.end('b');
    });
    assert.equal(await fetchFrom(url, { mediaTypes: ['text/plain'] }), 'b');
  });
});

describe('a server that misbehaves', () => {
  it('does not listen', async () => {
    const failure = await failureOf(fetchFrom(`http://user:secret@127.0.0.1:${await freePort()}/metrics`));
    assert.equal(failure.kind, 'no-answer');
    assert.match(describeError(failure), /^GET http:\/\/127\.0\.0\.1:\d+\/metrics: connect ECONNREFUSED/);
    assert.doesNotMatch(describeError(failure), /secret|user/);
  });

  it('never answers', async (test: TestContext) => {
    const { url, underWay } = await startServer(test, () => undefined);
    const failure = await failureOf(fetchFrom(url, { timeLimitMs: 100 }));
    assert.equal(failure.kind, 'timeout');
    assert.match(failure.message, /^GET http:\/\/127\.0\.0\.1:\d+\/: no answer within 100ms$/);
    await waitFor('the connection to be closed', () => underWay() === 0);
  });

  it('trickles its body for ever', async (test: TestContext) => {
    const { url, underWay } = await startServer(test, (_request, response) => {
      const timer = setInterval(() => response.write('a 1\n'), 10);
      response.on('close', () => clearInterval(timer));
    });
    const failure = await failureOf(fetchFrom(url, { timeLimitMs: 200 }));
    assert.equal(failure.kind, 'timeout');
    await waitFor('the connection to be closed', () => underWay() === 0);
  });

  it('sends 50 MB, of which only the limit is taken', async (test: TestContext) => {
    let sent = 0;
    const piece = Buffer.alloc(64 * 1024, 'x');
    const { url, underWay } = await startServer(test, (_request, response) => {
      const more = (): void => {
        while (sent < 50 * MB && !response.destroyed) {
          sent += piece.length;
          if (!response.write(piece)) return;
        }
        response.end();
      };
      response.on('drain', more);
      more();
    });
    const failure = await failureOf(fetchFrom(url));
    assert.equal(failure.kind, 'too-large');
    assert.match(failure.message, /the answer is over 1048576 bytes/);
    await waitFor('the connection to be closed', () => underWay() === 0);
    assert.ok(sent < 20 * MB, `${sent} bytes were sent`);
  });

  it('sends a gzip bomb', async (test: TestContext) => {
    const bomb = gzipSync(Buffer.alloc(200 * MB), { level: 9 });
    const { url } = await startServer(test, (_request, response) => {
      response.setHeader('content-encoding', 'gzip');
      response.end(bomb);
    });
    const before = process.memoryUsage().rss;
    const failure = await failureOf(fetchFrom(url));
    assert.equal(failure.kind, 'too-large');
    assert.ok(process.memoryUsage().rss - before < 80 * MB);
  });

  it('sends what is no gzip as gzip', async (test: TestContext) => {
    const { url } = await startServer(test, (_request, response) => {
      response.setHeader('content-encoding', 'gzip');
      response.end('plain text');
    });
    assert.equal((await failureOf(fetchFrom(url))).kind, 'cut-off');
  });

  it('redirects, which is not followed', async (test: TestContext) => {
    let requests = 0;
    const { url } = await startServer(test, (_request, response) => {
      requests++;
      response.writeHead(302, { location: 'http://me:secret@example.org/login' }).end();
    });
    const failure = await failureOf(fetchFrom(url));
    assert.equal(failure.kind, 'redirect');
    assert.match(failure.message, /redirected to http:\/\/\*\*\*@example\.org\/login, which is not followed/);
    assert.equal(requests, 1);
  });

  it('answers with a page for people', async (test: TestContext) => {
    const { url } = await startServer(test, (_request, response) => {
      response.setHeader('content-type', 'text/html; charset=utf-8');
      response.end('<html>');
    });
    const failure = await failureOf(
      fetchFrom(url, { mediaTypes: ['text/plain', 'application/openmetrics-text'] }),
    );
    assert.equal(failure.kind, 'content-type');
    assert.match(
      failure.message,
      /answered with text\/html, not text\/plain or application\/openmetrics-text$/,
    );
  });

  for (const status of [401, 404, 500, 503]) {
    it(`answers with status ${status}`, async (test: TestContext) => {
      const { url } = await startServer(test, (_request, response) => response.writeHead(status).end('x'));
      const failure = await failureOf(fetchFrom(url));
      assert.deepEqual([failure.kind, failure.status], ['status', status]);
    });
  }

  it('breaks the connection before and within its answer', async (test: TestContext) => {
    const { url, answerWith } = await startServer(test, (request) => request.socket.destroy());
    assert.equal((await failureOf(fetchFrom(url))).kind, 'no-answer');
    answerWith((request, response) => {
      response.writeHead(200, { 'content-length': '100' });
      response.write('a 1\n', () => request.socket.destroy());
    });
    assert.equal((await failureOf(fetchFrom(url))).kind, 'cut-off');
  });
});

it('stops when the caller says so', async (test: TestContext) => {
  const stop = new AbortController();
  const { url } = await startServer(test, () => stop.abort());
  assert.equal((await failureOf(fetchFrom(url, { signal: stop.signal }))).kind, 'aborted');
  assert.equal((await failureOf(fetchFrom(url, { signal: stop.signal }))).kind, 'aborted');
});

describe('a POST', () => {
  it('sends its body and headers, and is named without its path where that is a secret', async (test: TestContext) => {
    const { url, answerWith } = await startServer(test, (request, response) => {
      request.setEncoding('utf8');
      let body = '';
      request.on('data', (chunk: string) => {
        body += chunk;
      });
      request.on('end', () => response.end(`${request.method} ${String(request.headers['x-one'])} ${body}`));
    });
    const post = { body: '{"ü":1}', headers: { 'x-one': '1' } };
    assert.equal(await fetchFrom(`${url}/secret`, { post }), 'POST 1 {"ü":1}');
    answerWith((_request, response) => {
      response.writeHead(429, { 'retry-after': '7' });
      response.end();
    });
    const limited = await failureOf(fetchFrom(`${url}/secret`, { post, name: 'the webhook' }));
    assert.equal(limited.message, 'POST the webhook: answered with status 429');
    assert.equal(limited.retryAfterMs, 7000);
    answerWith((_request, response) => {
      response.writeHead(302, { location: '/secret/other' });
      response.end();
    });
    const redirected = await failureOf(fetchFrom(`${url}/secret`, { post, name: 'the webhook' }));
    assert.doesNotMatch(describeError(redirected), /secret/);
  });
});
