"use strict";
// The official clients under one face, and what all the tests here need.
//
// clients_test.go starts the nodes and says in RELIEFLEDGER_NODES where they
// are:
//
//	scratch  address of an empty node that anybody may write, without TLS
//	ledger   address of a read-only node with a ledger, without TLS
//	secure   address of a node with a ledger, TLS and users, for its writer to
//	         append to
//	ca       file with the certificate of the authority that secure's is from
//	users    passwords of "reader", "writer" and "signs" there; the last writes
//	         too, and has a password with signs
//	dump     file with the events that ledger has, one a line
//	client   name of the package to try
//	out      folder for what clients_test.go is to check in the store

const fs = require("node:fs");
const { createHash, randomUUID } = require("node:crypto");
const { setTimeout: sleep } = require("node:timers/promises");

const nodes = JSON.parse(process.env.RELIEFLEDGER_NODES);

// patience is how long a test waits for what should come at once.
const patience = 20_000;

// kind is the client that this process is to try: two in one process would
// overwrite each other's messages, which both keep under the same global names.
const kind = {
  "@eventstore/db-client": {
    tag: "eventstore",
    scheme: "esdb",
    connect: (string) => kind.package.EventStoreDBClient.connectionString(string),
    expecting: (revision) => ({ expectedRevision: revision }),
    // what a wrong-expected-version error says was expected, and is
    versions: (error) => [error.expectedVersion, error.actualVersion],
    filtersReads: false,
    wait: "",
    // how exactly it says when an event was made, in milliseconds
    created: 1,
    // It reads in the direction that it is told.
    turns: false,
    decodesPasswords: true,
  },
  "@kurrent/kurrentdb-client": {
    tag: "kurrent",
    scheme: "kurrentdb",
    connect: (string) => kind.package.KurrentDBClient.connectionString(string),
    expecting: (revision) => ({ streamState: revision }),
    versions: (error) => [error.expectedState, error.actualState],
    filtersReads: true,
    // What reads, the native half of this client, waits half a second before
    // its first connection, unless told otherwise.
    wait: "&discoveryInterval=10",
    created: 1000,
    // From the start it reads forwards, and from the end backwards, whatever
    // the direction.
    turns: true,
    // The half that reads takes a password in a connection string as it stands.
    decodesPasswords: false,
  },
}[nodes.client];
kind.package = require(nodes.client);

// Both clients append by BatchAppend where the node has it, and by Append where
// a call has credentials of its own. Without TLS those are not sent.
const ways = [
  { way: "BatchAppend", options: {} },
  { way: "Append", options: { credentials: { username: "nobody", password: "nothing" } } },
];

const { START, END, FORWARDS, BACKWARDS, ANY, NO_STREAM, STREAM_EXISTS, jsonEvent, binaryEvent } = kind.package;

// plain is a connection string without TLS.
const plain = (hosts, query = "") => `${kind.scheme}://${hosts}?tls=false${kind.wait}${query}`;

// secure is one with TLS, and perhaps with a user.
const secure = (user, password, query = "") =>
  `${kind.scheme}://${user ? `${encodeURIComponent(user)}:${encodeURIComponent(password)}@` : ""}` +
  `${nodes.secure}?tls=true&tlsCAFile=${encodeURIComponent(nodes.ca)}${kind.wait}${query}`;

// named is a stream that no other test writes.
const named = (what) => `${kind.tag}-${what}-${randomUUID()}`;

// said are n events {said: "what 0"}, {said: "what 1"}, ...
const said = (what, n, type = "Said") =>
  Array.from({ length: n }, (_, i) => jsonEvent({ type, data: { said: `${what} ${i}` }, metadata: { by: "test" } }));

const heard = (events) => events.map((e) => e.data.said);

// all collects what a read gives.
async function all(read) {
  const events = [];
  for await (const { event } of read) events.push(event);
  return events;
}

// refusal is the error with which something fails. Where it does not fail, or
// takes too long, that is the test's failure.
async function refusal(promise) {
  let done;
  try {
    done = await within(promise);
  } catch (error) {
    if (error instanceof Overdue) throw error;
    return error;
  }
  throw new Error(`it was not refused: ${JSON.stringify(done, (_, v) => (typeof v === "bigint" ? `${v}` : v))}`);
}

class Overdue extends Error {}

async function within(promise, what = "an answer") {
  const timer = new AbortController();
  try {
    return await Promise.race([
      promise,
      sleep(patience, undefined, { signal: timer.signal }).then(() => {
        throw new Overdue(`no ${what} after ${patience} ms`);
      }),
    ]);
  } finally {
    timer.abort();
  }
}

// Following collects what a subscription says, in order.
class Following {
  events = [];
  checkpoints = [];
  confirmed = 0;
  caughtUp = 0;
  ended = false;
  #waiting = new Set();

  // The subscription is made by open, which gets the function that it is to
  // call for each checkpoint.
  constructor(open) {
    this.subscription = open((_, position) => {
      this.checkpoints.push({ position, seen: this.events.length, caughtUp: this.caughtUp });
      this.#look();
    });
    this.subscription
      .on("data", ({ event }) => this.#note(() => this.events.push(event)))
      .on("confirmation", () => this.#note(() => this.confirmed++))
      .on("caughtUp", () => this.#note(() => this.caughtUp++))
      .on("error", (error) => this.#note(() => (this.error = error)))
      .on("close", () => this.#note(() => (this.ended = true)));
  }

  #note(change) {
    change();
    this.#look();
  }

  #look() {
    for (const look of this.#waiting) look();
  }

  // until waits for a condition on this.
  async until(what, condition) {
    if (condition(this)) return;
    let look;
    const met = new Promise((resolve, reject) => {
      look = () => {
        if (condition(this)) resolve();
        else if (this.error) reject(this.error);
      };
      this.#waiting.add(look);
      look();
    });
    try {
      await within(met, what);
    } catch (error) {
      if (error instanceof Overdue) error.message += `: ${this.events.length} events, caught up ${this.caughtUp} times`;
      throw error;
    } finally {
      this.#waiting.delete(look);
    }
  }

  has(n) {
    return this.until(`${n} events`, () => this.events.length >= n);
  }

  live() {
    return this.until("caught up", () => this.caughtUp > 0);
  }

  stop() {
    return this.subscription.unsubscribe();
  }
}

// ledgerEvents are those of the ledger's node, in order, as they stand in its
// store.
const ledgerEvents = () =>
  fs.readFileSync(nodes.dump, "utf8").trim().split("\n").map((line) => JSON.parse(line));

// digest is the SHA-256 of events, each given as its fields in bytes; the
// store's are hashed in the same way by clients_test.go.
class Digest {
  #hash = createHash("sha256");

  add(id, type, data, metadata) {
    for (const field of [id, type, data, metadata]) {
      const bytes = Buffer.from(field);
      const length = Buffer.alloc(4);
      length.writeUInt32BE(bytes.length);
      this.#hash.update(length).update(bytes);
    }
  }

  // leave writes the digest where clients_test.go finds it, under the name of
  // the stream.
  leave(stream) {
    fs.writeFileSync(`${nodes.out}/${stream}`, this.#hash.digest("hex"));
  }
}

module.exports = {
  nodes, kind, ways, plain, secure, named, said, heard, all, refusal, within, Following, ledgerEvents, Digest,
  START, END, FORWARDS, BACKWARDS, ANY, NO_STREAM, STREAM_EXISTS, jsonEvent, binaryEvent,
};
