"use strict";
// What a ledger's node refuses, whoever asks, and what it does not offer.

const assert = require("node:assert/strict");
const { after, before, describe, test } = require("node:test");
const { nodes, kind, ways, plain, secure, named, said, all, refusal, ledgerEvents, ANY, NO_STREAM, jsonEvent } = require("./clients");

const { AccessDeniedError, UnsupportedError, isCommandError } = kind.package;
const stream = ledgerEvents()[0].stream;
const count = ledgerEvents().length;

for (const [where, connect, of] of [
  ["an open node", () => kind.connect(plain(nodes.scratch)), null],
  ["a ledger", () => kind.connect(plain(nodes.ledger)), stream],
  ["a ledger, by its writer", () => kind.connect(secure("writer", nodes.users.writer)), stream],
])
  describe(where, () => {
    let client, name;
    before(async () => {
      client = connect();
      name = of ?? named("kept");
      if (!of) await client.appendToStream(name, said("kept", 3));
    });
    after(() => client.dispose());

    for (const expectedRevision of [ANY, NO_STREAM, 2n])
      for (const method of ["deleteStream", "tombstoneStream"])
        test(`${method}, expecting ${expectedRevision}`, async () => {
          const before = (await all(client.readStream(name))).length;
          const error = await refusal(client[method](name, { expectedRevision }));
          assert.ok(error instanceof AccessDeniedError, error);
          assert.match(error.message, /forgets nothing/);
          assert.equal((await all(client.readStream(name))).length, before);
        });

    for (const { way, options } of ways) {
      // The writer's ways both have his credentials.
      const given = where.endsWith("writer") && options.credentials ? { credentials: { username: "writer", password: nodes.users.writer } } : options;
      test(`metadata by ${way}`, async () => {
        for (const metadata of [{ truncateBefore: 2 }, { maxCount: 1 }, { maxAge: 1 }, { acl: { readRoles: ["nobody"] } }, {}]) {
          const error = await refusal(client.setStreamMetadata(name, metadata, given));
          assert.ok(error instanceof AccessDeniedError, error);
        }
        assert.deepEqual(await client.getStreamMetadata(name), { streamName: name });
      });
      test(`a stream of the server's by ${way}`, async () => {
        for (const reserved of ["$settings", "$$$settings", "$"]) {
          const error = await refusal(client.appendToStream(reserved, said("mine", 1), given));
          assert.ok(error instanceof AccessDeniedError, error);
          if (way === "Append") assert.match(error.message, /"\$"|may not write/);
        }
      });
    }
  });

describe("a read-only ledger", () => {
  let client;
  before(() => (client = kind.connect(plain(nodes.ledger))));
  after(() => client.dispose());

  for (const { way, options } of ways)
    test(`appends by ${way}`, async () => {
      for (const name of [stream, named("new")])
        for (const events of [said("mine", 1), said("mine", 500), jsonEvent({ type: "Large", data: "x".repeat(2 << 20) })]) {
          const error = await refusal(client.appendToStream(name, events, options));
          assert.ok(error instanceof AccessDeniedError, error);
          if (way === "Append") assert.match(error.message, /may not write/);
        }
      assert.equal((await all(client.readAll())).length, count);
    });

  // What a client sees of that for which the node has no method.
  for (const [what, call, type] of [
    ["create a persistent subscription", (c) => c.createPersistentSubscriptionToStream(stream, "g", kind.package.persistentSubscriptionToStreamSettingsFromDefaults()), "unknown"],
    ["create one to $all", (c) => c.createPersistentSubscriptionToAll("g", kind.package.persistentSubscriptionToAllSettingsFromDefaults()), "unsupported"],
    ["delete a persistent subscription", (c) => c.deletePersistentSubscriptionToStream(stream, "g"), "unknown"],
    ["create a projection", (c) => c.createProjection("p", "fromAll()"), "unknown"],
    ["the state of a projection", (c) => c.getProjectionState("p"), "unknown"],
    ["list projections", (c) => c.listProjections(), "unknown"],
  ])
    test(`not offered: ${what}`, async () => {
      const error = await refusal(call(client));
      assert.ok(isCommandError(error), error);
      assert.equal(error.type, type, error);
      if (type === "unknown") assert.match(error.message, /does not offer/);
    });

  test("not offered: subscribe to a persistent subscription", async () => {
    const subscription = client.subscribeToPersistentSubscriptionToStream(stream, "g");
    const error = await refusal(new Promise((resolve, reject) => subscription.on("error", reject).on("data", resolve)));
    assert.match(error.message, /does not offer/);
  });

  if (kind.tag === "kurrent")
    test("not offered: appends to several streams", async () => {
      for (const call of [(c) => c.multiStreamAppend([]), (c) => c.appendRecords([], [])])
        assert.ok((await refusal(call(client))) instanceof UnsupportedError);
    });
});
