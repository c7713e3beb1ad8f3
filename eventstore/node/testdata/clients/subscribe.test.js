"use strict";
// Subscriptions to a stream and to everything, filtered or not.

const assert = require("node:assert/strict");
const { after, before, describe, test } = require("node:test");
const {
  nodes, kind, plain, named, said, heard, within, Following, ledgerEvents,
  START, END, jsonEvent,
} = require("./clients");

const numbered = (what, from, to) => Array.from({ length: to - from }, (_, i) => `${what} ${from + i}`);

describe("a node", () => {
  let client;
  const open = [];
  before(() => (client = kind.connect(plain(nodes.scratch))));
  after(async () => {
    for (const f of open) await f.stop();
    await client.dispose();
  });
  const { streamNameFilter, eventTypeFilter, excludeSystemEvents } = kind.package;

  const follow = (make) => {
    const f = new Following(make);
    open.push(f);
    return f;
  };
  const toStream = (stream, options) => follow(() => client.subscribeToStream(stream, options));
  // filtered follows everything through a filter, which gets its checkpoints.
  const filtered = (makeFilter, filter, options) =>
    follow((checkpointReached) => client.subscribeToAll({ filter: makeFilter({ checkpointReached, ...filter }), ...options }));

  test("a stream: what is there, and what comes", async () => {
    const stream = named("sub");
    await client.appendToStream(stream, said("e", 500));
    const f = toStream(stream, { fromRevision: START });
    await f.live();
    assert.equal(f.confirmed, 1);
    assert.ok(f.subscription.id);
    assert.deepEqual(heard(f.events), numbered("e", 0, 500));
    for (let i = 0; i < 20; i++) await client.appendToStream(stream, said(`then ${i}`, 1));
    await f.has(520);
    assert.deepEqual(heard(f.events).slice(500), Array.from({ length: 20 }, (_, i) => `then ${i} 0`));
    assert.deepEqual(f.events.map((e) => e.revision), Array.from({ length: 520 }, (_, i) => BigInt(i)));
  });

  test("a stream: without gap or double at the switch", async () => {
    const stream = named("switch");
    await client.appendToStream(stream, said("e", 200));
    const writing = (async () => {
      for (let i = 0; i < 100; i++) await client.appendToStream(stream, said("more", 2));
    })();
    const fs = Array.from({ length: 5 }, () => toStream(stream, {}));
    await within(writing, "end of the writing");
    for (const f of fs) {
      await f.has(400);
      assert.deepEqual(f.events.map((e) => e.revision), Array.from({ length: 400 }, (_, i) => BigInt(i)));
    }
  });

  test("a stream: after a revision", async () => {
    const stream = named("after");
    await client.appendToStream(stream, said("e", 10));
    const f = toStream(stream, { fromRevision: 6n });
    await f.live();
    assert.deepEqual(heard(f.events), numbered("e", 7, 10));
  });

  test("a stream: from its end", async () => {
    const stream = named("end");
    await client.appendToStream(stream, said("e", 10));
    const f = toStream(stream, { fromRevision: END });
    await f.live();
    await client.appendToStream(stream, said("new", 2));
    await f.has(2);
    assert.deepEqual(heard(f.events), ["new 0", "new 1"]);
  });

  test("a stream that is not there yet", async () => {
    const stream = named("将来");
    const fs = [toStream(stream, { fromRevision: START }), toStream(stream, { fromRevision: END })];
    for (const f of fs) await f.live();
    await client.appendToStream(stream, said("at last", 2));
    for (const f of fs) {
      await f.has(2);
      assert.deepEqual(heard(f.events), ["at last 0", "at last 1"]);
    }
  });

  test("fifty at once, of which one is cancelled", async () => {
    const streams = Array.from({ length: 50 }, (_, i) => named(`fifty-${i}`));
    const fs = streams.map((stream) => toStream(stream, {}));
    for (const f of fs) await f.live();
    await Promise.all(streams.map((stream) => client.appendToStream(stream, said("a", 1))));
    for (const f of fs) await f.has(1);
    await fs[7].stop();
    await Promise.all(streams.map((stream) => client.appendToStream(stream, said("b", 1))));
    for (const [i, f] of fs.entries()) if (i !== 7) await f.has(2);
    assert.deepEqual(heard(fs[7].events), ["a 0"]);
    assert.equal(fs[7].error, undefined);
  });

  // Each filter is to let through what is wanted and nothing else, before and
  // after the switch. The types begin with a word of their own, since other
  // tests write to the node too.
  const word = `F${Date.now().toString(36)}${kind.tag}`;
  for (const [what, makeFilter, filter, wanted] of [
    ["streams by prefix", streamNameFilter, (s) => ({ prefixes: [`${s}-a`] }), "a"],
    ["streams by several prefixes", streamNameFilter, (s) => ({ prefixes: ["nothing", `${s}-a`, `${s}-b`] }), "ab"],
    ["streams by a pattern", streamNameFilter, (s) => ({ regex: `^${s}-[bc]$` }), "bc"],
    ["streams by a pattern, found anywhere", streamNameFilter, (s) => ({ regex: `${s.slice(3)}-c` }), "c"],
    ["types by prefix", eventTypeFilter, () => ({ prefixes: [`${word}A`] }), "a"],
    ["types by a pattern", eventTypeFilter, () => ({ regex: `^${word}(A|C)$` }), "ac"],
  ])
    test(`everything filtered: ${what}`, async () => {
      const stream = named("filter");
      const write = async (from, to) => {
        for (let i = from; i < to; i++)
          for (const which of "abc")
            await client.appendToStream(`${stream}-${which}`, jsonEvent({ type: word + which.toUpperCase(), data: { said: `${which} ${i}` } }));
      };
      const want = (from, to) => Array.from({ length: to - from }, (_, i) => [...wanted].map((w) => `${w} ${from + i}`)).flat();
      const start = await client.appendToStream(named("mark"), said("mark", 1));
      await write(0, 5);
      const f = filtered(makeFilter, filter(stream), { fromPosition: start.position });
      await f.live();
      assert.deepEqual(heard(f.events), want(0, 5));
      await write(5, 8);
      await f.has(want(0, 8).length);
      assert.deepEqual(heard(f.events), want(0, 8));
    });

  test("everything filtered: checkpoints, and on from one of them", async () => {
    const stream = named("checkpoints");
    const others = named("others");
    const start = await client.appendToStream(others, said("start", 1));
    let written;
    for (let i = 0; i < 10; i++) {
      await client.appendToStream(stream, said(`wanted ${i}`, 1));
      written = await client.appendToStream(others, said("other", 37));
    }
    const f = filtered(streamNameFilter, { prefixes: [stream], maxSearchWindow: 10, checkpointInterval: 2 }, { fromPosition: start.position });
    await f.live();
    assert.equal(f.events.length, 10);
    // After each 20 considered events of 380 and more.
    assert.ok(f.checkpoints.length >= 19, `${f.checkpoints.length} checkpoints`);
    for (const [i, c] of f.checkpoints.entries()) {
      if (i) assert.ok(c.position.commit > f.checkpoints[i - 1].position.commit);
      const before = f.events.filter((e) => e.position.commit <= c.position.commit);
      assert.equal(before.length, c.seen, "a checkpoint comes after the events that it covers, and before the others");
    }
    // The last one before caught up says that everything has been considered.
    assert.ok(f.checkpoints.filter((c) => c.caughtUp === 0).at(-1).position.commit >= written.position.commit);
    const middle = f.checkpoints[10];
    const on = filtered(streamNameFilter, { prefixes: [stream] }, { fromPosition: middle.position });
    await on.live();
    assert.deepEqual(on.events.map((e) => e.id), f.events.slice(middle.seen).map((e) => e.id));
    // They go on while nothing that is wanted comes.
    const [count, last] = [f.checkpoints.length, await client.appendToStream(others, said("later", 100))];
    await f.until("checkpoints while live", () => f.checkpoints.length > count && f.checkpoints.at(-1).position.commit > last.position.commit - 20n);
  });

  test("everything: from the position of an event, without it", async () => {
    const stream = named("position");
    await client.appendToStream(stream, said("e", 10));
    const f = filtered(streamNameFilter, { prefixes: [stream] }, { fromPosition: START });
    await f.has(10);
    const on = filtered(streamNameFilter, { prefixes: [stream] }, { fromPosition: f.events[3].position });
    await on.has(6);
    assert.deepEqual(heard(on.events), numbered("e", 4, 10));
  });

  test("everything: from the end", async () => {
    const stream = named("now");
    await client.appendToStream(stream, said("old", 5));
    const f = filtered(excludeSystemEvents, {}, { fromPosition: END });
    await f.live();
    await client.appendToStream(stream, said("new", 2));
    const own = () => f.events.filter((e) => e.streamId === stream);
    await f.until("its events", () => own().length >= 2);
    assert.deepEqual(heard(own()), ["new 0", "new 1"]);
  });

  test("everything: a reader that rests, and then goes on", async () => {
    const stream = named("rest");
    const f = filtered(streamNameFilter, { prefixes: [stream] }, { fromPosition: END });
    await f.live();
    f.subscription.pause();
    for (let i = 0; i < 20; i++) await client.appendToStream(stream, said(`${i}`, 100));
    f.subscription.resume();
    await f.has(2000);
    assert.deepEqual(f.events.map((e) => e.revision), Array.from({ length: 2000 }, (_, i) => BigInt(i)));
  });

  test("everything: a pattern that the node cannot take", async () => {
    const f = follow(() => client.subscribeToAll({ filter: eventTypeFilter({ regex: "(?<!a)b" }) }));
    await f.until("an error", () => f.error).catch(() => {});
    assert.ok(kind.package.isCommandError(f.error), f.error);
    assert.match(f.error.message, /RE2/);
  });

  test("everything: from a position that the node never gave", async () => {
    const f = follow(() => client.subscribeToAll({ fromPosition: { commit: 1n << 50n, prepare: 1n << 50n } }));
    await f.until("an error", () => f.error).catch(() => {});
    assert.match(f.error.message, /position/);
  });
});

test("a ledger from its beginning, and from the middle", async () => {
  const client = kind.connect(plain(nodes.ledger));
  try {
    const ids = ledgerEvents().map((e) => e.id);
    const f = new Following(() => client.subscribeToAll({ fromPosition: START }));
    await f.live();
    assert.deepEqual(f.events.map((e) => e.id), ids);
    const middle = new Following(() => client.subscribeToAll({ fromPosition: f.events[20].position }));
    await middle.live();
    assert.deepEqual(middle.events.map((e) => e.id), ids.slice(21));
    const end = new Following(() => client.subscribeToAll({ fromPosition: f.events.at(-1).position }));
    await end.live();
    assert.deepEqual(end.events, []);
    for (const each of [f, middle, end]) await each.stop();
  } finally {
    await client.dispose();
  }
});
