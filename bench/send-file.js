'use strict';

/**
 * `node send-file.js ENDPOINT FILE` (forked): sends a file to the simulated cloud as a program that does nothing else, and tells how
 * long that took.
 */
const { createReadStream, statSync } = require('node:fs');
const { request } = require('node:http');
const { pipeline } = require('node:stream');

const [endpoint, file] = process.argv.slice(2);
const address = endpoint.startsWith('unix:')
  ? { socketPath: endpoint.slice(5) }
  : { host: new URL(endpoint).hostname, port: new URL(endpoint).port };

function ask(method, path, headers, write) {
  return new Promise((resolve, reject) => {
    const asked = request({ ...address, method, path: `/v1/plain/${path}`, headers }, (answer) => {
      const chunks = [];
      answer.on('data', (it) => chunks.push(it));
      answer.on('end', () => {
        const text = Buffer.concat(chunks).toString();
        if (answer.statusCode < 300) resolve(text === '' ? undefined : JSON.parse(text));
        else reject(new Error(`${answer.statusCode} ${text}`));
      });
    });
    asked.on('error', reject);
    write(asked);
  });
}

async function send() {
  const body = JSON.stringify({ name: 'plain', format: 'raw', metadata: {} });
  const headers = { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) };
  const { id } = await ask('POST', 'images', headers, (it) => it.end(body));
  const length = { 'content-type': 'application/octet-stream', 'content-length': statSync(file).size };
  const begun = performance.now();
  await ask('PUT', `images/${id}/data`, length, (it) =>
    pipeline(createReadStream(file, { highWaterMark: 1 << 20 }), it, () => undefined),
  );
  const ms = performance.now() - begun;
  await ask('DELETE', `images/${id}`, {}, (it) => it.end());
  process.send(ms);
  process.disconnect();
}

send().catch((error) => {
  console.error(error);
  process.exit(1);
});
