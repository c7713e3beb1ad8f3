"use strict";
// Appends, by both methods that the clients use.

const assert = require("node:assert/strict");
const { after, before, describe, test } = require("node:test");
const {
  nodes, kind, ways, plain, named, said, heard, all, refusal, within,
  ANY, NO_STREAM, STREAM_EXISTS, jsonEvent, binaryEvent,
} = require("./clients");

const maxAppend = 1 << 20;

// sized is an event that counts as so many bytes: data, metadata, and the type
// in UTF-16.
const sized = (bytes, { type = "Sized", metadata = Buffer.alloc(0) } = {}) =>
  binaryEvent({ type, data: Buffer.alloc(bytes - metadata.length - 2 * type.length, 0xf5), metadata });

for (const { way, options } of ways)
  describe(way, () => {
    let client;
    before(() => (client = kind.connect(plain(nodes.scratch))));
    after(() => client.dispose());

    const append = (stream, events, revision = ANY) =>
      within(client.appendToStream(stream, events, { ...kind.expecting(revision), ...options }));
    const read = (stream) => all(client.readStream(stream));

    test("one event, and one after it", async () => {
      const stream = named("one");
      const first = await append(stream, said("first", 1), NO_STREAM);
      assert.equal(first.success, true);
      assert.equal(first.nextExpectedRevision, 0n);
      assert.ok(first.position.commit > 0n);
      assert.equal(first.position.commit, first.position.prepare);
      const second = await append(stream, said("second", 1), 0n);
      assert.equal(second.nextExpectedRevision, 1n);
      assert.ok(second.position.commit > first.position.commit);
      assert.deepEqual(heard(await read(stream)), ["first 0", "second 0"]);
    });

    test("an event that is not in a list", async () => {
      const stream = named("alone");
      const done = await append(stream, jsonEvent({ type: "Said", data: { said: "hello" } }));
      assert.equal(done.nextExpectedRevision, 0n);
      const [event] = await read(stream);
      assert.deepEqual(event.data, { said: "hello" });
      assert.equal(event.metadata, undefined);
    });

    test("many events in one append", async () => {
      const stream = named("many");
      const events = said("many", 2000);
      const done = await append(stream, events, NO_STREAM);
      assert.equal(done.nextExpectedRevision, 1999n);
      const back = await read(stream);
      assert.deepEqual(back.map((e) => e.id), events.map((e) => e.id));
      assert.deepEqual(back.map((e) => e.revision), events.map((_, i) => BigInt(i)));
      assert.equal(back.at(-1).position.commit, done.position.commit);
    });

    test("many appends at once, to one stream", async () => {
      const stream = named("crowd");
      const done = await Promise.all(Array.from({ length: 100 }, (_, i) => append(stream, said(`writer ${i}`, 3))));
      const revisions = done.map((d) => d.nextExpectedRevision).sort((a, b) => Number(a - b));
      assert.deepEqual(revisions, Array.from({ length: 100 }, (_, i) => BigInt(3 * i + 2)));
      const back = heard(await read(stream));
      assert.equal(back.length, 300);
      for (let i = 0; i < 300; i += 3) {
        const writer = back[i].slice(0, -2);
        assert.deepEqual(back.slice(i, i + 3), [`${writer} 0`, `${writer} 1`, `${writer} 2`]);
      }
    });

    test("many appends at once, of which one is right", async () => {
      const stream = named("race");
      const done = await Promise.allSettled(Array.from({ length: 50 }, (_, i) => append(stream, said(`${i}`, 1), NO_STREAM)));
      assert.equal(done.filter((d) => d.status === "fulfilled").length, 1);
      for (const { reason } of done.filter((d) => d.status === "rejected"))
        assert.equal(reason.type, "wrong-expected-version");
    });

    test("many appends at once, each to a stream of its own", async () => {
      const streams = Array.from({ length: 100 }, (_, i) => named(`own-${i}`));
      await Promise.all(streams.map((stream, i) => append(stream, said(`${i}`, 2), NO_STREAM)));
      assert.deepEqual(heard(await read(streams[57])), ["57 0", "57 1"]);
    });

    test("each expectation that is right", async () => {
      const stream = named("right");
      await append(stream, said("a", 1), ANY);
      await append(stream, said("b", 1), STREAM_EXISTS);
      await append(stream, said("c", 1), 1n);
      const done = await append(stream, said("d", 1), ANY);
      assert.equal(done.nextExpectedRevision, 3n);
      assert.deepEqual(heard(await read(stream)), ["a 0", "b 0", "c 0", "d 0"]);
    });

    const has3 = async () => {
      const stream = named("wrong");
      await append(stream, said("there", 3), NO_STREAM);
      return stream;
    };
    const missing = async () => named("missing");
    for (const [what, stream, expected, actual] of [
      ["no stream, but there is one", has3, NO_STREAM, 2n],
      ["a stream, but there is none", missing, STREAM_EXISTS, "no_stream"],
      ["a revision that has passed", has3, 0n, 2n],
      ["a revision that is to come", has3, 7n, 2n],
      ["a revision of no stream", missing, 0n, "no_stream"],
      ["the largest revision", has3, 0x7fffffffffffffffn, 2n],
    ])
      test(`wrong: ${what}`, async () => {
        const name = await stream();
        const error = await refusal(append(name, said("wrong", 1), expected));
        assert.ok(error instanceof kind.package.WrongExpectedVersionError, error);
        assert.equal(error.type, kind.package.ErrorType.WRONG_EXPECTED_VERSION);
        assert.equal(error.streamName, name);
        assert.deepEqual(kind.versions(error), [expected, actual]);
        if (actual !== "no_stream") assert.equal((await read(name)).length, 3);
      });

    test("sent again: the answer of the first time, and one effect", async () => {
      const stream = named("again");
      const events = said("again", 3);
      for (const expected of [NO_STREAM, NO_STREAM, ANY, STREAM_EXISTS]) {
        const done = await append(stream, events, expected);
        assert.equal(done.nextExpectedRevision, 2n);
      }
      await append(stream, said("behind", 1), 2n);
      assert.equal((await append(stream, events, NO_STREAM)).nextExpectedRevision, 2n);
      assert.equal((await read(stream)).length, 4);
    });

    test("sent again with others: wrong, even for any", async () => {
      const stream = named("partly");
      const [a, b, c] = said("partly", 3);
      await append(stream, [a, b], NO_STREAM);
      for (const expected of [ANY, NO_STREAM]) {
        const error = await refusal(append(stream, [a, c], expected));
        assert.ok(error instanceof kind.package.WrongExpectedVersionError, error);
        assert.deepEqual(kind.versions(error), [expected, 1n]);
      }
      assert.equal((await read(stream)).length, 2);
    });

    test("a deadline that has passed", async () => {
      const stream = named("late");
      await append(stream, said("in time", 1));
      const error = await refusal(client.appendToStream(stream, said("late", 1), { deadline: 0, ...options }));
      assert.ok(error instanceof kind.package.DeadlineExceededError, error);
      assert.deepEqual(heard(await read(stream)), ["in time 0"]);
    });

    test("no events", async () => {
      const stream = named("none");
      assert.equal((await append(stream, [], NO_STREAM)).success, true);
      assert.equal((await append(stream, [], ANY)).success, true);
      await append(stream, said("some", 2), NO_STREAM);
      assert.equal((await append(stream, [], 1n)).nextExpectedRevision, 1n);
      const error = await refusal(append(stream, [], 0n));
      assert.equal(error.type, "wrong-expected-version");
    });

    test("wrong, for a client that does not throw", async () => {
      const quiet = kind.connect(plain(nodes.scratch, "&throwOnAppendFailure=false"));
      try {
        const stream = await has3();
        const done = await within(quiet.appendToStream(stream, said("wrong", 1), { ...kind.expecting(NO_STREAM), ...options }));
        assert.equal(done.success, false);
        // By BatchAppend both clients say 1 whatever the revision is.
        assert.equal(done.nextExpectedRevision, way === "Append" ? 2n : 1n);
      } finally {
        await quiet.dispose();
      }
    });

    for (const [what, events] of [
      ["one event", () => [sized(maxAppend)]],
      ["one event with metadata and a long type", () => [sized(maxAppend, { type: "长".repeat(300), metadata: Buffer.alloc(70_000, 0xf6) })]],
      ["many events", () => [sized(maxAppend / 2), ...Array.from({ length: 512 }, () => sized(1024))]],
    ]) {
      test(`as large as can be: ${what}`, async () => {
        const stream = named("large");
        const large = events();
        await append(stream, large, NO_STREAM);
        const back = await read(stream);
        assert.equal(back.length, large.length);
        for (const [i, e] of back.entries()) {
          assert.equal(e.type, large[i].type);
          assert.deepEqual(Buffer.from(e.data), Buffer.from(large[i].data));
        }
      });
      test(`one byte too large: ${what}`, async () => {
        const stream = named("too-large");
        const large = events();
        const last = large.pop();
        const error = await refusal(append(stream, [...large, { ...last, data: Buffer.concat([last.data, Buffer.alloc(1)]) }], NO_STREAM));
        assert.ok(error instanceof kind.package.MaxAppendSizeExceededError, error);
        assert.equal(error.maxAppendSize, maxAppend);
        assert.equal((await refusal(read(stream))).type, "stream-not-found");
      });
    }

    for (const [what, events] of [
      ["5 MiB in events of 64 KiB", () => Array.from({ length: 80 }, () => sized(1 << 16))],
      ["one event of 8 MiB", () => [sized(8 << 20)]],
      ["too many events", () => said("many", 8193)],
    ])
      test(`much too large: ${what}`, async () => {
        const stream = named("much-too-large");
        const error = await refusal(append(stream, events(), NO_STREAM));
        assert.ok(error instanceof kind.package.MaxAppendSizeExceededError, error);
        // The connection is none the worse for it.
        assert.equal((await append(stream, said("small", 1), NO_STREAM)).nextExpectedRevision, 0n);
      });

    test("a message larger than the node takes", async () => {
      const stream = named("message");
      const error = await refusal(append(stream, [sized(20 << 20)], NO_STREAM));
      // gRPC itself refuses it, before the node could say it better.
      assert.ok(kind.package.isCommandError(error), error);
      assert.match(error.message, /larger than max/);
      assert.equal((await append(stream, said("small", 1), NO_STREAM)).nextExpectedRevision, 0n);
    });

    test("names in any script", async () => {
      for (const name of ["内黄县·救助资金", "مساعدة", "e\u0301 or \u00e9", "😀 \u{10FFFF}", "a b/c?d=e&f#g%20", "'\"\\\t\n", "x".repeat(1000)]) {
        const stream = `${named("name")} ${name}`.slice(0, 1000);
        const type = `${name.slice(0, 100)} 登记`;
        await append(stream, jsonEvent({ type, data: { name }, metadata: { name } }), NO_STREAM);
        const [event] = await read(stream);
        assert.equal(event.streamId, stream);
        assert.equal(event.type, type);
        assert.deepEqual(event.data, { name });
        assert.deepEqual(event.metadata, { name });
      }
    });

    for (const [what, stream, event] of [
      ["an event without a type", "bad", () => jsonEvent({ type: "", data: {} })],
      ["an event with a long type", "bad", () => jsonEvent({ type: "t".repeat(1025), data: {} })],
      ["an id that is none", "bad", () => jsonEvent({ id: "00000000-0000-0000-0000-000000000000", type: "Said", data: {} })],
      ["a long stream name", "x".repeat(1025), () => jsonEvent({ type: "Said", data: {} })],
      ["an empty stream name", "", () => jsonEvent({ type: "Said", data: {} })],
    ])
      test(`what no store takes: ${what}`, async () => {
        const error = await refusal(append(stream && named(stream), event()));
        assert.ok(kind.package.isCommandError(error), error);
        assert.match(error.message, /has no type|has a type of|has no id|name .* (has|is)/);
      });
  });
