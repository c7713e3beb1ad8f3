package esdb

import (
	"context"
	"errors"
	"fmt"
	"math"
	"reflect"
	"slices"
	"testing"

	client "github.com/EventStore/EventStore-Client-Go/v4/esdb"

	"reliefledger.org/ledger/eventstore"
	"reliefledger.org/ledger/eventstore/esdb/standin"
)

// users of a server: an administrator, the ledger's own, an auditor, and somebody
// else.
var users = standin.Users{"admin": {"$admins"}, "ledger": nil, "auditor": nil, "other": nil}

const granted = `{"$acl":{"$r":["$admins","ledger"]}}`

const prepared = `{"$userStreamAcl":{"$r":["$admins","ledger"],"$w":"ledger","$d":"$admins","$mr":"ledger","$mw":"$admins"},` +
	`"$systemStreamAcl":{"$r":"$admins","$w":"$admins","$d":"$admins","$mr":"$admins","$mw":"$admins"}}`

// storeOf opens the store of a user who may read $all.
func storeOf(t *testing.T, s *standin.Server, user string, options ...string) *Store {
	t.Helper()
	return mustDial(t, s.Connection(user, options...), Options{})
}

func mustCheck(t *testing.T, connection string) *Standing {
	t.Helper()
	s, err := Check(context.Background(), connection, Options{})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// Who may do what, as an administrator and as the ledger's own user are told.
func TestStandingRights(t *testing.T) {
	var (
		unknown = Rights{}
		all     = Roles{Everybody}
		nobody  = Roles{}
		ledger  = Roles{"ledger"}
		wide    = Rights{all, all, all, all}
		narrow  = Rights{ledger, ledger, nobody, nobody}
	)
	for _, row := range []struct {
		name     string
		metadata map[string]string // of streams
		defaults string
		user     string
		mayRead  bool
		rights   Rights
		open     []string
	}{
		{"nothing is set, to an administrator", nil, "", "admin", true, wide, []string{"read", "append", "truncate", "delete"}},
		{"nothing is set, to the ledger", nil, "", "ledger", false, unknown, nil},
		{"nothing is set, to nobody", nil, "", "", false, unknown, nil},
		{"$all is granted", map[string]string{"$all": granted}, "", "ledger", true, wide, []string{"read", "append", "truncate", "delete"}},
		{"$all is granted to everybody", map[string]string{"$all": `{"$acl":{"$r":"$all"}}`}, "", "other", true, wide, []string{"read", "append", "truncate", "delete"}},
		{"prepared, to an administrator", map[string]string{"$all": granted}, prepared, "admin", true, narrow, nil},
		{"prepared, to the ledger", map[string]string{"$all": granted}, prepared, "ledger", true, narrow, nil},
		{"prepared, to somebody else", map[string]string{"$all": granted}, prepared, "other", false, unknown, nil},
		{"only the default list", nil, prepared, "ledger", false, unknown, nil},
		{"a list that says little", nil, `{"$userStreamAcl":{"$w":"ledger"}}`, "admin", true, Rights{all, ledger, all, all}, []string{"read", "truncate", "delete"}},
		{"nobody but administrators", nil, `{"$userStreamAcl":{"$r":[],"$w":["$admins"],"$d":[],"$mw":[]}}`, "admin", true, Rights{nobody, nobody, nobody, nobody}, nil},
		{"two append", nil, `{"$userStreamAcl":{"$r":[],"$w":["ledger","other"],"$d":[],"$mw":[]}}`, "admin", true, Rights{nobody, Roles{"ledger", "other"}, nobody, nobody}, []string{"append"}},
		{"a stream with a list of its own", map[string]string{"$all": granted, "fund-1": `{"$acl":{"$w":["$all"],"$d":"other"}}`}, prepared, "ledger", true,
			Rights{ledger, Roles{"ledger", Everybody}, nobody, Roles{"other"}}, []string{"append", "delete"}},
		{"somebody else's stream with one", map[string]string{"$all": granted, "$fund": `{"$acl":{"$w":["$all"]}}`}, prepared, "ledger", true, narrow, nil},
	} {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			s := standin.Start(t, users)
			s.Put("fund-1", "T", "{}")
			for stream, metadata := range row.metadata {
				s.Put("$$"+stream, "$metadata", metadata)
			}
			if row.defaults != "" {
				s.Put("$settings", "update-default-acl", row.defaults)
			}
			got := mustCheck(t, s.Connection(row.user))
			if got.Version != standin.Version || got.User != row.user || got.MayReadAll != row.mayRead || (got.Held != nil) != row.mayRead {
				t.Errorf("%+v", got)
			}
			if !reflect.DeepEqual(got.Rights, row.rights) {
				t.Errorf("rights %v, want %v", got.Rights, row.rights)
			}
			if open := got.Open(); !slices.Equal(open, row.open) {
				t.Errorf("open %v, want %v", open, row.open)
			}
		})
	}
}

// What the server was told to do with the ledger's streams, as a check and those
// who read say it.
func TestDangers(t *testing.T) {
	const before, after = 0, 1
	danger := func(stream string, set func(*eventstore.Danger)) []eventstore.Danger {
		d := eventstore.Danger{Stream: stream}
		set(&d)
		return []eventstore.Danger{d}
	}
	type metadata [][2]string
	for _, row := range []struct {
		name   string
		prefix string
		told   metadata
		bury   string
		want   []eventstore.Danger
	}{
		{"nothing", "", nil, "", nil},
		{"age", "", metadata{{"fund-1", `{"$maxAge":60}`}}, "", danger("fund-1", func(d *eventstore.Danger) { d.MaxAge = 60 })},
		{"count", "", metadata{{"fund-1", `{"$maxCount":1}`}}, "", danger("fund-1", func(d *eventstore.Danger) { d.MaxCount = 1 })},
		{"from a revision on", "", metadata{{"fund-1", `{"$tb":1}`}}, "", danger("fund-1", func(d *eventstore.Danger) { d.TruncateBefore = 1 })},
		{"soft delete", "", metadata{{"fund-1", `{"$tb":9223372036854775807}`}}, "", danger("fund-1", func(d *eventstore.Danger) { d.TruncateBefore = math.MaxInt64 })},
		{"tombstone", "", nil, "fund-1", danger("fund-1", func(d *eventstore.Danger) { d.Tombstone = true })},
		{"retention, and then a tombstone", "", metadata{{"fund-1", `{"$maxCount":1}`}}, "fund-1", danger("fund-1", func(d *eventstore.Danger) { d.Tombstone = true })},
		{"taken back", "", metadata{{"fund-1", `{"$maxCount":1}`}, {"fund-1", `{}`}}, "", nil},
		{"what is kept in memory", "", metadata{{"fund-1", `{"$cacheControl":60}`}}, "", nil},
		{"a list of its own", "", metadata{{"fund-1", `{"$acl":{"$w":"ledger"}}`}}, "", nil},
		{"what cannot be read", "", metadata{{"fund-1", `{"$maxCount":"x"`}}, "", nil},
		{"of the server's own", "", metadata{{"$stats", `{"$maxAge":60}`}}, "", nil},
		{"with a prefix", "县-", metadata{{"县-fund-1", `{"$maxCount":1}`}}, "", danger("fund-1", func(d *eventstore.Danger) { d.MaxCount = 1 })},
		{"another ledger's", "县-", metadata{{"fund-1", `{"$maxCount":1}`}}, "", nil},
		{"another ledger's tombstone", "县-", nil, "fund-1", nil},
	} {
		for _, when := range []int{before, after} {
			t.Run(fmt.Sprintf("%s, %s", row.name, []string{"before the last event", "behind it"}[when]), func(t *testing.T) {
				t.Parallel()
				s := standin.Start(t, users)
				s.Put(row.prefix+"fund-1", "T", "{}")
				s.Put(row.prefix+"fund-1", "T", "{}")
				tell := func() {
					for _, m := range row.told {
						s.Put("$$"+m[0], "$metadata", m[1])
					}
					if row.bury != "" {
						s.Bury(row.bury)
					}
				}
				if when == before {
					tell()
					s.Put(row.prefix+"fund-2", "T", "{}")
				} else {
					s.Put(row.prefix+"fund-2", "T", "{}")
					tell()
				}
				connection := s.Connection("admin")
				if row.prefix != "" {
					connection = s.Connection("admin", "prefix="+row.prefix)
				}
				standing := mustCheck(t, connection)
				if got := standing.Dangers; len(got)+len(row.want) > 0 && !reflect.DeepEqual(got, row.want) {
					t.Errorf("a check says %v, want %v", got, row.want)
				}
				if h := standing.Held; h.Events != 3 || h.Streams != 2 {
					t.Errorf("a check finds %+v", h)
				}
				store := mustDial(t, connection, Options{})
				if got := all(t, store); len(got) != 3 {
					t.Errorf("read %d events, want 3: what the server was told is none", len(got))
				}
				if got := eventstore.DangersOf(store); !reflect.DeepEqual(got, row.want) {
					t.Errorf("who read says %v, want %v", got, row.want)
				}
			})
		}
	}
}

// Who follows a ledger is told too, while he does.
func TestDangerWhileFollowing(t *testing.T) {
	s := standin.Start(t, users)
	s.Put("fund-1", "T", "{}")
	store := storeOf(t, s, "admin")
	for e, err := range store.Subscribe(context.Background(), eventstore.Position{}) {
		if err != nil {
			t.Fatal(err)
		}
		if e.Stream == "fund-2" {
			break
		}
		s.Put("$$fund-1", "$metadata", `{"$maxCount":1}`)
		s.Put("fund-2", "T", "{}")
	}
	if got := store.Dangers(); len(got) != 1 || got[0].MaxCount != 1 {
		t.Errorf("%v", got)
	}
}

func TestStreamWithTombstone(t *testing.T) {
	s := standin.Start(t, users)
	s.Put("fund-1", "T", "{}")
	s.Bury("fund-1")
	store := storeOf(t, s, "admin")
	var dead *eventstore.Tombstoned
	if _, err := store.Append(context.Background(), "fund-1", eventstore.At(0), someEvents(1, 1)); !errors.As(err, &dead) || dead.Stream != "fund-1" {
		t.Errorf("append: %v", err)
	}
	for _, way := range []eventstore.Direction{eventstore.Forwards, eventstore.Backwards} {
		if _, err := collect(store.ReadStream(context.Background(), "fund-1", 0, way)); !errors.As(err, &dead) {
			t.Errorf("read: %v", err)
		}
	}
}

// A user without a grant of $all is told so, and one with a wrong password is not.
func TestDeniedOfAll(t *testing.T) {
	s := standin.Start(t, users)
	for user, of := range map[string]bool{"ledger": true, "": true, "stranger": false} {
		var denied *eventstore.Denied
		if _, err := Dial(context.Background(), s.Connection(user), Options{}); !errors.As(err, &denied) || denied.All != of {
			t.Errorf("%q: %v", user, err)
		}
	}
	if _, err := Check(context.Background(), s.Connection("stranger"), Options{}); !errors.As(err, new(*eventstore.Denied)) {
		t.Errorf("check: %v", err)
	}
}

func TestHeld(t *testing.T) {
	s := standin.Start(t, users)
	for i := range 2*lastStep + 3 { // over several steps
		s.Put(fmt.Sprintf("县-fund-%d", i%7), "Type", `{"a":1}`)
	}
	s.Put("invoice-1", "T", "{}")
	s.Put("invoice-2", "T", "{}")
	s.Put("invoice-2", "T", "{}")
	s.Put("$stats", "T", "{}")
	got := mustCheck(t, s.Connection("admin", "prefix=县-")).Held
	want := &Held{Events: 2*lastStep + 3, Streams: 7, Bytes: (2*lastStep + 3) * (7 + 2*4), ForeignEvents: 3, ForeignStreams: 2, Foreign: []string{"invoice-1", "invoice-2"}}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("%+v, want %+v", got, want)
	}
}

// After a server was prepared the ledger can work, and others can do nothing to it.
func TestPrepare(t *testing.T) {
	ctx := context.Background()
	s := standin.Start(t, users)
	s.Put("fund-1", "T", "{}")
	admin := s.Connection("admin")
	p, err := Prepare(ctx, admin, "ledger", []string{"auditor"}, Options{})
	if err != nil {
		t.Fatal(err)
	}
	if !p.Needed() || p.Defaults.Foreign || len(s.Written("$settings")) > 0 || len(s.Written("$$$all")) > 0 {
		t.Fatalf("before it is set: %+v", p)
	}
	if err := p.Set(ctx, admin, false, Options{}); err != nil {
		t.Fatal(err)
	}
	standing := mustCheck(t, s.Connection("ledger"))
	want := Rights{Roles{"ledger", "auditor"}, Roles{"ledger"}, Roles{}, Roles{}}
	if !standing.MayReadAll || len(standing.Open()) > 0 || !reflect.DeepEqual(standing.Rights, want) {
		t.Errorf("%+v", standing)
	}
	if !slices.Equal(standing.AllReaders, Roles{"$admins", "ledger", "auditor"}) {
		t.Errorf("$all is granted to %v", standing.AllReaders)
	}

	ledger := storeOf(t, s, "ledger")
	mustAppend(t, ledger, "fund-1", eventstore.At(0), someEvents(1, 10))
	auditor := storeOf(t, s, "auditor")
	if got := all(t, auditor); len(got) != 2 {
		t.Errorf("the auditor reads %d events", len(got))
	}
	if _, err := auditor.Append(ctx, "fund-1", eventstore.At(1), someEvents(1, 10)); !errors.As(err, new(*eventstore.Denied)) {
		t.Errorf("the auditor appends: %v", err)
	}
	for _, user := range []string{"other", "ledger"} {
		theirs := clientOf(t, s.Connection(user))
		if _, err := theirs.DeleteStream(ctx, "fund-1", client.DeleteStreamOptions{}); err == nil {
			t.Errorf("%s deletes", user)
		}
		if _, err := theirs.TombstoneStream(ctx, "fund-1", client.TombstoneStreamOptions{}); err == nil {
			t.Errorf("%s buries", user)
		}
		keep := client.StreamMetadata{}
		keep.SetMaxCount(1)
		if _, err := theirs.SetStreamMetadata(ctx, "fund-1", client.AppendToStreamOptions{}, keep); err == nil {
			t.Errorf("%s truncates", user)
		}
	}

	// Again: nothing is needed, and nothing written.
	p, err = Prepare(ctx, admin, "ledger", []string{"auditor"}, Options{})
	if err != nil || p.Needed() {
		t.Fatalf("again: %+v, %v", p, err)
	}
	if err := p.Set(ctx, admin, false, Options{}); err != nil || len(s.Written("$settings")) != 1 || len(s.Written("$$$all")) != 1 {
		t.Errorf("again: %v", err)
	}
	// Another reader: ours is no list of somebody else.
	p, err = Prepare(ctx, admin, "ledger", []string{"auditor", "other"}, Options{})
	if err != nil || !p.Needed() || p.Defaults.Foreign {
		t.Fatalf("with another reader: %+v, %v", p, err)
	}
	if err := p.Set(ctx, admin, false, Options{}); err != nil {
		t.Fatal(err)
	}
	all(t, storeOf(t, s, "other"))
}

func TestPrepareBesideOthers(t *testing.T) {
	if testing.Short() {
		t.Skip("waits for seconds; make test has it")
	}
	ctx := context.Background()
	s := standin.Start(t, users)
	s.Put("$$$all", "$metadata", `{"$acl":{"$r":["other"],"$mr":"other"},"note":1}`)
	const theirs = `{"$userStreamAcl":{"$r":"other","$w":"other"}}`
	s.Put("$settings", "update-default-acl", theirs)
	s.Put("invoice-1", "T", "{}")
	admin := s.Connection("admin", "prefix=county-")
	p, err := Prepare(ctx, admin, "ledger", nil, Options{})
	if err != nil {
		t.Fatal(err)
	}
	if want := `{"$acl":{"$mr":"other","$r":["other","$admins","ledger"]},"note":1}`; string(p.All.ToBe) != want {
		t.Errorf("%s, want %s", p.All.ToBe, want)
	}
	if !p.Defaults.Foreign || p.Held.ForeignStreams != 1 {
		t.Errorf("%+v", p)
	}
	var foreign *ForeignAccess
	if err := p.Set(ctx, admin, false, Options{}); !errors.As(err, &foreign) || string(foreign.Is) != theirs {
		t.Errorf("%v", err)
	}
	if len(s.Written("$settings"))+len(s.Written("$$$all")) != 2 {
		t.Error("something was set")
	}
	if err := p.Set(ctx, admin, true, Options{}); err != nil {
		t.Fatal(err)
	}
	if got := s.Written("$settings"); got[len(got)-1] != prepared {
		t.Errorf("%s", got[len(got)-1])
	}
	// Somebody has set something since p was made.
	var changed *eventstore.WrongRevision
	if err := p.Set(ctx, admin, true, Options{}); !errors.As(err, &changed) {
		t.Errorf("%v", err)
	}
}

func TestPrepareTakesAnAdministrator(t *testing.T) {
	s := standin.Start(t, users)
	s.Put("$$$all", "$metadata", granted)
	for _, user := range []string{"ledger", "other", ""} {
		if _, err := Prepare(context.Background(), s.Connection(user), "ledger", nil, Options{}); !errors.As(err, new(*eventstore.Denied)) {
			t.Errorf("%q: %v", user, err)
		}
	}
}

func clientOf(t *testing.T, connection string) *client.Client {
	t.Helper()
	a, err := parseAddress(connection)
	if err != nil {
		t.Fatal(err)
	}
	config := a.config
	c, err := client.NewClient(&config)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	return c
}
