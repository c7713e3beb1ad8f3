"use strict";
// Reads of a stream and of everything.

const assert = require("node:assert/strict");
const { after, before, describe, test } = require("node:test");
const {
  nodes, kind, plain, named, said, heard, all, refusal, ledgerEvents,
  START, END, FORWARDS, BACKWARDS, jsonEvent, binaryEvent,
} = require("./clients");

const whole = (time) => time - (time % kind.created);
const upTo = (n) => Array.from({ length: n }, (_, i) => i);

describe("a node", () => {
  let client, stream;
  before(async () => {
    client = kind.connect(plain(nodes.scratch));
    stream = named("read");
    await client.appendToStream(stream, said("e", 300));
  });
  after(() => client.dispose());

  const read = async (options) => heard(await all(client.readStream(stream, options))).map((s) => Number(s.slice(2)));

  for (const [what, options, want] of [
    ["all", {}, upTo(300)],
    ["from the start", { fromRevision: START, direction: FORWARDS }, upTo(300)],
    ["the first", { maxCount: 1 }, [0]],
    ["the first ten", { maxCount: 10 }, upTo(10)],
    ["as many as there are", { maxCount: 300 }, upTo(300)],
    ["more than there are", { maxCount: 301 }, upTo(300)],
    ["from a revision, with it", { fromRevision: 290n }, upTo(300).slice(290)],
    ["three from a revision", { fromRevision: 100n, maxCount: 3 }, [100, 101, 102]],
    ["the last revision", { fromRevision: 299n }, [299]],
    ["past the end", { fromRevision: 300n }, []],
    ["far past the end", { fromRevision: 0x7fffffffffffffffn }, []],
    ["backwards from the end", { direction: BACKWARDS, fromRevision: END }, upTo(300).reverse()],
    ["the last", { direction: BACKWARDS, fromRevision: END, maxCount: 1 }, [299]],
    ["backwards from a revision, with it", { direction: BACKWARDS, fromRevision: 5n }, [5, 4, 3, 2, 1, 0]],
    ["two backwards from a revision", { direction: BACKWARDS, fromRevision: 100n, maxCount: 2 }, [100, 99]],
    ["backwards from past the end", { direction: BACKWARDS, fromRevision: 1000n, maxCount: 2 }, [299, 298]],
    ["backwards from the start", { direction: BACKWARDS, fromRevision: START }, kind.turns ? upTo(300) : [0]],
    ["forwards from the end", { direction: FORWARDS, fromRevision: END }, kind.turns ? upTo(300).reverse() : []],
  ])
    test(`a stream: ${what}`, async () => assert.deepEqual(await read(options), want));

  test("a stream that is missing", async () => {
    for (const options of [{}, { direction: BACKWARDS, fromRevision: END }, { fromRevision: 7n, maxCount: 1 }]) {
      const missing = named("没有");
      const error = await refusal(all(client.readStream(missing, options)));
      assert.ok(error instanceof kind.package.StreamNotFoundError, error);
      assert.equal(error.streamName, missing);
    }
  });

  test("the metadata of a stream, which has none", async () => {
    assert.deepEqual(await client.getStreamMetadata(stream), { streamName: stream });
    const missing = named("missing");
    assert.deepEqual(await client.getStreamMetadata(missing), { streamName: missing });
  });

  test("a read that is broken off", async () => {
    const seen = [];
    for await (const { event } of client.readStream(stream)) {
      seen.push(event);
      if (seen.length === 5) break;
    }
    assert.equal(seen.length, 5);
    assert.equal((await read({})).length, 300);
  });

  test("many reads at once", async () => {
    const many = await Promise.all(upTo(100).map((i) => read({ fromRevision: BigInt(i), maxCount: 50 })));
    for (const [i, got] of many.entries()) assert.deepEqual(got, upTo(50).map((n) => n + i));
  });

  test("all that an event has", async () => {
    const own = named("fields");
    const json = jsonEvent({ type: "Registered", data: { name: "张三", n: [1, 2.5, null] }, metadata: { recorded: "2026-01-05T08:30:00.123456Z" } });
    const binary = binaryEvent({ type: "Photographed", data: Buffer.from([0xff, 0xd8, 0]), metadata: Buffer.from([0xfe, 1]) });
    const bare = binaryEvent({ type: "Bare", data: Buffer.alloc(0) });
    const done = await client.appendToStream(own, [json, binary, bare]);
    const resolved = [];
    for await (const r of client.readStream(own)) resolved.push(r);
    const events = resolved.map((r) => r.event);
    for (const [i, r] of resolved.entries()) {
      assert.equal(r.link, undefined);
      assert.equal(r.event.streamId, own);
      assert.equal(r.event.revision, BigInt(i));
      assert.equal(r.event.id, [json, binary, bare][i].id);
      assert.equal(r.event.type, [json, binary, bare][i].type);
      assert.equal(r.event.position.commit, done.position.commit - 2n + BigInt(i));
      assert.equal(r.event.position.prepare, r.event.position.commit);
      assert.equal(r.commitPosition, r.event.position.commit);
    }
    assert.deepEqual(events.map((e) => e.isJson), [true, false, false]);
    assert.deepEqual(events[0].data, json.data);
    assert.deepEqual(events[0].metadata, json.metadata);
    assert.deepEqual(Buffer.from(events[1].data), Buffer.from([0xff, 0xd8, 0]));
    assert.deepEqual(Buffer.from(events[1].metadata), Buffer.from([0xfe, 1]));
    assert.equal(events[2].data.length, 0);
    assert.equal(events[2].metadata, undefined);
    // When an event was made is what its metadata say; else it is unknown.
    assert.equal(events[0].created.getTime(), whole(Date.parse("2026-01-05T08:30:00.123Z")));
    assert.equal(events[1].created.getTime(), 0);
  });

  test("bytes that are JSON come back as JSON: the content type is not kept", async () => {
    const own = named("looks");
    await client.appendToStream(own, binaryEvent({ type: "Looks", data: Buffer.from('{"a":1}') }));
    const [event] = await all(client.readStream(own));
    assert.equal(event.isJson, true);
    assert.deepEqual(event.data, { a: 1 });
  });
});

// The ledger's node has nothing that comes or goes meanwhile.
describe("everything", () => {
  let client;
  const dump = ledgerEvents();
  const ids = dump.map((e) => e.id);
  const position = (i) => ({ commit: BigInt(dump[i].position), prepare: BigInt(dump[i].position) });
  before(() => (client = kind.connect(plain(nodes.ledger))));
  after(() => client.dispose());
  const read = async (options) => (await all(client.readAll(options))).map((e) => e.id);

  test("is what the ledger's store has, in its order", async () => {
    const events = await all(client.readAll());
    assert.equal(events.length, dump.length);
    for (const [i, e] of events.entries()) {
      const want = dump[i];
      assert.equal(e.id, want.id);
      assert.equal(e.streamId, want.stream);
      assert.equal(e.revision, BigInt(want.revision));
      assert.equal(e.type, want.type);
      assert.deepEqual(e.position, position(i));
      assert.equal(e.isJson, true);
      assert.deepEqual(e.data, JSON.parse(Buffer.from(want.data, "base64")));
      const metadata = JSON.parse(Buffer.from(want.metadata, "base64"));
      assert.deepEqual(e.metadata, metadata);
      assert.equal(e.created.getTime(), whole(Date.parse(metadata.recorded)));
    }
  });

  test("and each of its streams too", async () => {
    const streams = [...new Set(dump.map((e) => e.stream))];
    assert.ok(streams.length > 30);
    await Promise.all(streams.map(async (stream) => {
      const want = dump.filter((e) => e.stream === stream).map((e) => e.id);
      assert.deepEqual((await all(client.readStream(stream))).map((e) => e.id), want);
      const backwards = client.readStream(stream, { direction: BACKWARDS, fromRevision: END });
      assert.deepEqual((await all(backwards)).map((e) => e.id), want.reverse());
    }));
  });

  for (const [what, options, want] of [
    ["backwards", { direction: BACKWARDS, fromPosition: END }, [...ids].reverse()],
    ["the first three", { maxCount: 3 }, ids.slice(0, 3)],
    ["the last three", { direction: BACKWARDS, fromPosition: END, maxCount: 3 }, ids.slice(-3).reverse()],
    ["from a position, with it", { fromPosition: position(10) }, ids.slice(10)],
    ["two from a position", { fromPosition: position(10), maxCount: 2 }, ids.slice(10, 12)],
    ["backwards from a position, without it", { direction: BACKWARDS, fromPosition: position(10) }, ids.slice(0, 10).reverse()],
    ["one backwards from a position", { direction: BACKWARDS, fromPosition: position(10), maxCount: 1 }, [ids[9]]],
    ["from the last position", { fromPosition: position(ids.length - 1) }, ids.slice(-1)],
    ["backwards from the first position", { direction: BACKWARDS, fromPosition: position(0) }, []],
    ["forwards from the end", { fromPosition: END }, kind.turns ? [...ids].reverse() : []],
    ["backwards from the start", { direction: BACKWARDS, fromPosition: START }, kind.turns ? ids : []],
    ["from before the first", { fromPosition: { commit: 0n, prepare: 0n } }, ids],
  ])
    test(what, async () => assert.deepEqual(await read(options), want));

  test("page by page, both ways", async () => {
    for (const direction of [FORWARDS, BACKWARDS]) {
      const pages = [];
      for (let fromPosition = direction === FORWARDS ? START : END; ; ) {
        const page = await all(client.readAll({ direction, fromPosition, maxCount: 7 }));
        // Forwards a page begins with the last event of the one before.
        if (direction === FORWARDS && pages.length) page.shift();
        if (!page.length) break;
        pages.push(...page.map((e) => e.id));
        fromPosition = page.at(-1).position;
      }
      assert.deepEqual(pages, direction === FORWARDS ? ids : [...ids].reverse());
    }
  });

  test("from a position that the ledger never gave", async () => {
    for (const fromPosition of [{ commit: 1_000_000n, prepare: 1_000_000n }, { commit: 5n, prepare: 3n }]) {
      const error = await refusal(read({ fromPosition }));
      assert.ok(kind.package.isCommandError(error), error);
      assert.match(error.message, /position/);
    }
  });

  if (!kind.filtersReads) return;
  const { streamNameFilter, eventTypeFilter } = kind.package;
  const some = dump[Math.floor(dump.length / 2)];
  const prefix = some.stream.slice(0, some.stream.indexOf("-") + 1) || some.stream;
  for (const [what, filter, wanted] of [
    ["streams by prefix", streamNameFilter({ prefixes: [prefix] }), (e) => e.stream.startsWith(prefix)],
    ["streams by several prefixes", streamNameFilter({ prefixes: ["zzz", dump[0].stream, prefix] }), (e) => e.stream.startsWith(prefix) || e.stream === dump[0].stream],
    ["streams by a pattern", streamNameFilter({ regex: "^.*[0-9a-f]{4}" }), (e) => /^.*[0-9a-f]{4}/.test(e.stream)],
    ["types by prefix", eventTypeFilter({ prefixes: [some.type.slice(0, 4)] }), (e) => e.type.startsWith(some.type.slice(0, 4))],
    ["types by a pattern, found anywhere", eventTypeFilter({ regex: "gister" }), (e) => /gister/.test(e.type)],
    ["types by a pattern that none has", eventTypeFilter({ regex: "^Never$" }), () => false],
  ])
    test(`filtered: ${what}`, async () => {
      const want = dump.filter(wanted).map((e) => e.id);
      assert.deepEqual(await read({ filter }), want);
      assert.deepEqual(await read({ filter, maxCount: 2 }), want.slice(0, 2));
      assert.deepEqual(await read({ filter, direction: BACKWARDS, fromPosition: END }), [...want].reverse());
    });

  test("filtered: a pattern that the node cannot take", async () => {
    const error = await refusal(read({ filter: eventTypeFilter({ regex: "(?<!a)b" }) }));
    assert.ok(kind.package.isCommandError(error), error);
    assert.match(error.message, /RE2/);
  });
});
