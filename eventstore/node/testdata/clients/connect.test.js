"use strict";
// Connection strings, TLS, users.

const assert = require("node:assert/strict");
const { describe, test } = require("node:test");
const { nodes, kind, plain, secure, named, said, heard, all, refusal, within } = require("./clients");

const port = (address) => address.split(":")[1];

const { AccessDeniedError, UnavailableError } = kind.package;

// works: with this connection string one can append and read.
const works = async (string, { options = {}, stream = named("connect") } = {}) => {
  const client = kind.connect(string);
  try {
    await within(client.appendToStream(stream, said("here", 2), options), "append");
    assert.deepEqual(heard(await within(all(client.readStream(stream)), "read")), ["here 0", "here 1"]);
  } finally {
    await client.dispose();
  }
};
// using gives a client for as long as body runs.
const using = async (string, body) => {
  const client = kind.connect(string);
  try {
    return await body(client);
  } finally {
    await client.dispose();
  }
};
// The first thing that a client asks fails with gRPC's own error.
const unavailable = (error) => error instanceof UnavailableError || error.code === 14;
const one = (client) => all(client.readAll({ maxCount: 1 }));

describe("connection strings", () => {
  test("the shortest", () => works(`${kind.scheme}://${nodes.scratch}?tls=false`));
  const schemes = kind.tag === "kurrent" ? ["esdb", "kurrentdb", "kurrent", "kdb"] : ["esdb"];
  for (const scheme of schemes)
    for (const discover of ["", "+discover"])
      test(`${scheme}${discover}://`, () => works(plain(nodes.scratch).replace(kind.scheme, scheme + discover)));
  if (kind.tag === "eventstore")
    test("kurrentdb:// is not known to this client", () => assert.throws(() => kind.connect(`kurrentdb://${nodes.scratch}?tls=false`)));

  for (const [what, hosts, query] of [
    ["with a slash", `${nodes.scratch}/`, ""],
    ["by name", `localhost:${port(nodes.scratch)}`, ""],
    ["several hosts", `${nodes.scratch},localhost:${port(nodes.scratch)}`, ""],
    ["several hosts, of which one answers", `${nodes.closed},${nodes.scratch}`, "&maxDiscoverAttempts=20&discoveryInterval=10"],
    ["preferring a follower where there is none", `${nodes.scratch},${nodes.scratch}`, "&nodePreference=follower"],
    ["preferring any", `${nodes.scratch},${nodes.scratch}`, "&nodePreference=random"],
    ["with a name", nodes.scratch, "&connectionName=a%20test"],
    ["with times", nodes.scratch, "&keepAliveInterval=10000&keepAliveTimeout=10000&defaultDeadline=9000"],
    ["without keep alive", nodes.scratch, "&keepAliveInterval=-1&keepAliveTimeout=-1"],
  ])
    test(what, () => works(plain(hosts, query)));

  test("a user without TLS is not sent, and not missed", () => works(plain(`somebody:secret@${nodes.scratch}`)));

  test("nobody there", () =>
    using(plain(nodes.closed), async (client) => {
      assert.ok(unavailable(await refusal(client.appendToStream(named("x"), said("x", 1)))));
      await refusal(one(client));
    }));

  test("the node says who it is", () =>
    using(plain(nodes.ledger), async (client) => {
      const { serverVersion } = await client.capabilities;
      assert.match(serverVersion, /^\d+\.\d+\.\d+$/);
    }));
});

describe("TLS and users", () => {
  const { users } = nodes;

  test("the writer, who appends and reads", () => works(secure("writer", users.writer)));
  test("the writer, by name of the host", () => works(secure("writer", users.writer).replace("127.0.0.1", "localhost")));
  test("the writer, discovering", () => works(secure("writer", users.writer).replace("://", "+discover://")));
  test("the writer, for several hosts", () =>
    works(secure("writer", users.writer).replace(nodes.secure, `${nodes.closed},${nodes.secure}`)));
  test("the writer, by Append", () =>
    works(secure("writer", users.writer), { options: { credentials: { username: "writer", password: users.writer } } }));

  test("a password with signs", async () => {
    if (kind.decodesPasswords) await works(secure("signs", users.signs));
    else
      await using(secure("signs", users.signs), async (client) => {
        const stream = named("signs");
        await client.appendToStream(stream, said("here", 1));
        assert.ok((await refusal(all(client.readStream(stream)))) instanceof AccessDeniedError);
      });
    await using(secure(), async (client) => {
      const [stream, credentials] = [named("signs"), { username: "signs", password: users.signs }];
      await client.appendToStream(stream, said("here", 1), { credentials });
      assert.deepEqual(heard(await all(client.readStream(stream, { credentials }))), ["here 0"]);
      await refusal(all(client.readStream(stream)));
    });
  });

  test("the reader, who reads", () =>
    using(secure("reader", users.reader), async (client) => {
      assert.equal((await one(client)).length, 1);
      for (const options of [{}, { credentials: { username: "reader", password: users.reader } }]) {
        const error = await refusal(client.appendToStream(named("x"), said("x", 3), options));
        assert.ok(error instanceof AccessDeniedError, error);
      }
    }));

  test("the reader, who has the writer's credentials for one call", () =>
    using(secure("reader", users.reader), async (client) => {
      const stream = named("lent");
      await client.appendToStream(stream, said("lent", 1), { credentials: { username: "writer", password: users.writer } });
      assert.deepEqual(heard(await all(client.readStream(stream))), ["lent 0"]);
    }));

  for (const [what, user, password] of [
    ["a wrong password", "writer", "wrong"],
    ["another's password", "writer", users.reader],
    ["nobody that is known", "nobody", users.writer],
    ["no user"],
  ])
    test(what, () =>
      using(secure(user, password), async (client) => {
        for (const options of user ? [{}, { credentials: { username: user, password } }] : [{}]) {
          const error = await refusal(client.appendToStream(named("x"), said("x", 3), options));
          assert.ok(error instanceof AccessDeniedError, error);
        }
        for (const read of [one, (c) => all(c.readStream("x")), (c) => c.getStreamMetadata("x")]) {
          const error = await refusal(read(client));
          assert.ok(error instanceof AccessDeniedError, error);
        }
        const error = await refusal(
          new Promise((resolve, reject) => client.subscribeToAll().on("error", reject).on("confirmation", () => resolve("confirmed"))));
        assert.ok(error instanceof AccessDeniedError, error);
        const deleted = await refusal(client.deleteStream("x"));
        assert.ok(deleted instanceof AccessDeniedError, deleted);
      }));

  for (const [what, string] of [
    ["a certificate that the client does not know", `${kind.scheme}://writer:x@${nodes.secure}?tls=true${kind.wait}`],
    ["no TLS on the client's side", plain(nodes.secure)],
    ["no TLS on the node's side", `${kind.scheme}://${nodes.scratch}?tls=true&tlsCAFile=${encodeURIComponent(nodes.ca)}${kind.wait}`],
  ])
    test(what, () =>
      using(string, async (client) => {
        const error = await refusal(client.appendToStream(named("x"), said("x", 1)));
        assert.ok(unavailable(error), error);
        await refusal(one(client));
      }));
});
