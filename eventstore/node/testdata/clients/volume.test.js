"use strict";
// Ten thousand events of each client, there and back byte for byte: as this
// client reads them, and as clients_test.go finds them in the store.

const assert = require("node:assert/strict");
const { createHash } = require("node:crypto");
const { test } = require("node:test");
const { nodes, kind, ways, plain, named, within, Following, Digest, START, NO_STREAM, jsonEvent, binaryEvent } = require("./clients");

const count = 10_000;
const streams = 10;
const perAppend = 250;

// drawn are bytes that follow from their seed. The first is none with which
// JSON begins, so that no reader takes them for text.
function drawn(seed, length) {
  const bytes = Buffer.alloc(length);
  for (let at = 0, i = 0; at < length; at += 32, i++) createHash("sha256").update(`${seed}/${i}`).digest().copy(bytes, at);
  if (length) bytes[0] |= 0x80;
  return bytes;
}

const texts = ["张三", "\u0000\u001f\"\\/", "e\u0301", "😀", "<b>&'", "\u2028\u2029"];

function made(i) {
  const size = drawn(`size ${i}`, 2).readUInt16LE() % (i % 50 ? 600 : 20_000);
  const type = `Type${i % 7}·${texts[i % texts.length].replace(/[\u0000-\u001f]/g, "")}`;
  return i % 2
    ? binaryEvent({ type, data: drawn(`data ${i}`, size), metadata: i % 3 ? drawn(`metadata ${i}`, i % 200) : undefined })
    : jsonEvent({
        type,
        data: { n: i, fraction: i / 7, big: 2 ** 53 - i, text: texts[i % texts.length].repeat(size % 40), more: { list: [null, true, "", {}, []], hex: drawn(`data ${i}`, size).toString("hex") } },
        metadata: i % 3 ? { i, texts } : undefined,
      });
}

// Data and metadata as bytes: JSON is what the client makes of it.
const bytes = (value) => (value === undefined ? Buffer.alloc(0) : value instanceof Uint8Array ? Buffer.from(value) : Buffer.from(JSON.stringify(value)));

test(`${count} events there and back`, async () => {
  const client = kind.connect(plain(nodes.scratch));
  try {
    const prefix = named("volume");
    const sent = new Map();
    await Promise.all(
      Array.from({ length: streams }, async (_, s) => {
        const stream = `${prefix}-${s}`;
        const events = Array.from({ length: count / streams }, (_, i) => made(s * (count / streams) + i));
        sent.set(stream, events);
        for (let at = 0; at < events.length; at += perAppend)
          await client.appendToStream(stream, events.slice(at, at + perAppend), {
            ...kind.expecting(at ? BigInt(at - 1) : NO_STREAM),
            ...ways[s % ways.length].options,
          });
      }),
    );

    const same = (stream, i, event) => {
      const want = sent.get(stream)[i];
      assert.equal(event.id, want.id);
      assert.equal(event.revision, BigInt(i));
      assert.equal(event.type, want.type);
      assert.equal(event.isJson, want.contentType === "application/json");
      // Compare throws nothing that would print kilobytes.
      assert.ok(bytes(event.data).equals(bytes(want.data)), `data of ${stream} ${i}`);
      assert.ok(bytes(event.metadata).equals(bytes(want.metadata)), `metadata of ${stream} ${i}`);
    };

    for (const [stream, events] of sent) {
      const digest = new Digest();
      let i = 0;
      for await (const { event } of client.readStream(stream)) {
        same(stream, i++, event);
        digest.add(event.id, event.type, bytes(event.data), bytes(event.metadata));
      }
      assert.equal(i, events.length);
      digest.leave(stream);
    }

    const f = new Following((checkpointReached) =>
      client.subscribeToAll({ fromPosition: START, filter: kind.package.streamNameFilter({ prefixes: [`${prefix}-`], checkpointReached }) }));
    await f.has(count);
    await f.stop();
    const next = new Map([...sent.keys()].map((stream) => [stream, 0]));
    for (const event of f.events) {
      same(event.streamId, next.get(event.streamId), event);
      next.set(event.streamId, next.get(event.streamId) + 1);
    }
    assert.equal(f.events.length, count);
    await within(client.dispose());
  } finally {
    await client.dispose();
  }
});
