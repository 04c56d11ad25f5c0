'use strict';

/**
 * Speaks as much of ZooKeeper's protocol as the bench asks, keeps nothing, and answers at once: against it the client is
 * the limit, not the server. A process of its own. Prints its port; ends with its standard input.
 */
const { createServer } = require('node:net');

const STAT = Buffer.alloc(68);
const DATA = Buffer.alloc(256, 'x');
const CREATE = 1;
const EXISTS = 3;
const GET = 4;
const SET = 5;
const CREATE2 = 15;
const CLOSE = -11;
const HEADER = 20; // length, xid, zxid, error

const server = createServer({ noDelay: true }, (socket) => {
  let rest = Buffer.alloc(0);
  let isGreeted = false;
  let isClosing = false;
  socket.on('error', () => socket.destroy());
  socket.on('data', (chunk) => {
    const input = rest.length === 0 ? chunk : Buffer.concat([rest, chunk]);
    let at = 0;
    let size = 0;
    // An answer is never longer than its question and this.
    const output = Buffer.allocUnsafe(
      input.length + Math.ceil(input.length / 12) * (HEADER + STAT.length + DATA.length),
    );
    while (input.length - at >= 4 && input.length - at - 4 >= input.readInt32BE(at)) {
      const end = at + 4 + input.readInt32BE(at);
      isClosing ||= isGreeted && input.readInt32BE(at + 8) === CLOSE;
      if (isGreeted) size = answer(input, at + 4, output, size);
      else size = welcome(output, size);
      isGreeted = true;
      at = end;
    }
    rest = input.subarray(at);
    if (size > 0) socket.write(output.subarray(0, size));
    if (isClosing) socket.end(); // as the server does
  });
});

function welcome(out, at) {
  out.writeInt32BE(37, at);
  out.writeInt32BE(0, at + 4);
  out.writeInt32BE(30_000, at + 8);
  out.writeBigInt64BE(1n, at + 12);
  out.writeInt32BE(16, at + 20);
  out.fill(1, at + 24, at + 40);
  out[at + 40] = 0; // not read-only
  return at + 41;
}

function answer(input, from, out, at) {
  const xid = input.readInt32BE(from);
  const type = input.readInt32BE(from + 4);
  let end = at + HEADER;
  if (type === CREATE || type === CREATE2) {
    const bytes = 4 + input.readInt32BE(from + 8);
    input.copy(out, end, from + 8, from + 8 + bytes); // the path as asked for
    end += bytes;
  }
  if (type === GET) {
    out.writeInt32BE(DATA.length, end);
    end += 4 + DATA.copy(out, end + 4);
  }
  if (type === GET || type === SET || type === EXISTS || type === CREATE2) end += STAT.copy(out, end);
  out.writeInt32BE(end - at - 4, at);
  out.writeInt32BE(xid, at + 4);
  out.writeBigInt64BE(type === CLOSE ? 0n : 1n, at + 8);
  out.writeInt32BE(0, at + 16);
  return end;
}

server.listen(0, '127.0.0.1', () => console.log(server.address().port));
process.stdin.resume();
process.stdin.on('end', () => process.exit(0));
