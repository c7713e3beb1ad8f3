package esdb

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"

	client "github.com/EventStore/EventStore-Client-Go/v4/esdb"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"reliefledger.org/ledger/eventstore"
)

// Standing is how a ledger stands on a server: what the server lets whom do with
// it, and what was done to it, as far as the user who asks may know.
type Standing struct {
	Store   string `json:"store"`          // its address, without user and password
	User    string `json:"user,omitempty"` // who asks; empty: nobody
	Prefix  string `json:"prefix,omitempty"`
	Version string `json:"version"` // of the server

	// MayReadAll says whether the user may read $all, which a ledger needs. Who may
	// not knows nothing of what follows but what a list says.
	MayReadAll bool `json:"may_read_all"`
	// AllReaders are those to whom $all is granted, and Defaults the default access
	// list, empty where none is set; nil: not known to this user.
	AllReaders Roles     `json:"all_readers"`
	Defaults   *Defaults `json:"default_access"`
	Rights     Rights    `json:"rights"`

	// Held is what the server holds; nil: not known to this user.
	Held *Held `json:"held"`
	// Dangers are what the server was told to do with the ledger's streams.
	Dangers []eventstore.Danger `json:"dangers"`
}

// Held is what a server holds of a ledger, and beside it.
type Held struct {
	Events  uint64 `json:"events"`
	Streams int    `json:"streams"`
	Bytes   uint64 `json:"bytes"` // as appends count them
	// What others have there: streams that are neither the ledger's nor the
	// server's own.
	ForeignEvents  uint64   `json:"foreign_events"`
	ForeignStreams int      `json:"foreign_streams"`
	Foreign        []string `json:"foreign"` // the first of their names
}

// shownForeign is how many names of foreign streams are kept: enough to see whose
// they are.
const shownForeign = 10

// Open are the rights to the ledger's streams that more have than should: anybody
// at all, more than one user to append, or one who is no administrator to truncate
// or delete. They are named as in the JSON of [Rights].
func (s *Standing) Open() (open []string) {
	for _, right := range []struct {
		name  string
		who   Roles
		users int // that may have it
	}{{"read", s.Rights.Read, len(s.Rights.Read)}, {"append", s.Rights.Append, 1}, {"truncate", s.Rights.Truncate, 0}, {"delete", s.Rights.Delete, 0}} {
		if slices.Contains(right.who, Everybody) || len(right.who) > right.users {
			open = append(open, right.name)
		}
	}
	return open
}

// Check says how a ledger stands on the server of a connection string. It reads
// everything that the server has, once. An administrator learns all of it.
//
// Errors: *BadAddress, *eventstore.Denied for a user that the server does not know,
// *eventstore.Unavailable, or that of ctx. That the user may not read $all is no
// error.
func Check(ctx context.Context, connection string, o Options) (*Standing, error) {
	v, err := visit(ctx, connection, o)
	if err != nil {
		return nil, err
	}
	defer v.Close()
	return v.standing(ctx)
}

// visitor is a store of who comes to see the server, and need not be allowed to
// read $all, and reads and writes streams of the server's own.
type visitor struct {
	*Store
	user    string
	version string
}

func visit(ctx context.Context, connection string, o Options) (*visitor, error) {
	a, err := parseAddress(connection)
	if err != nil {
		return nil, err
	}
	// Versions are told to everybody, whoever asks.
	a.hail = func(_ context.Context, c *client.Client) error {
		_, err := c.GetServerVersion()
		return err
	}
	v := &visitor{user: a.config.Username}
	if v.Store, err = dial(ctx, a, o); err != nil {
		return nil, err
	}
	if v.version, err = v.ask(ctx); err != nil {
		v.Close()
		return nil, err
	}
	return v, nil
}

// ask returns the version of the server.
func (v *visitor) ask(ctx context.Context) (version string, err error) {
	err = v.read(ctx, &request{uncounted: true, open: func(_ context.Context, c *client.Client, _ uint64) (receiver, error) {
		said, err := c.GetServerVersion()
		if err != nil {
			return receiver{}, err
		}
		version = fmt.Sprintf("%d.%d.%d", said.Major, said.Minor, said.Patch)
		return receiver{}, io.EOF // nothing follows
	}})
	return version, err
}

func (v *visitor) standing(ctx context.Context) (*Standing, error) {
	s := &Standing{Store: v.gate.address.name, User: v.user, Prefix: v.prefix, Version: v.version, Dangers: []eventstore.Danger{}}
	all, err := v.told(ctx, allMetadata)
	if err != nil {
		return nil, err
	}
	settings, err := v.told(ctx, settingsStream)
	if err != nil {
		return nil, err
	}
	w := newWalk(v.Store)
	switch err := v.everything(ctx, w.take); {
	case err == nil:
		s.MayReadAll, s.Held = true, w.done()
		s.Dangers = append(s.Dangers, v.Dangers()...)
		// A grant stands among all events. So who reads them by one, and saw it,
		// sees what else stands there of the server's own.
		all.orElse(w.all, w.all != nil)
		settings.orElse(w.settings, w.all != nil)
	case !errors.As(err, new(*deniedAll)):
		return nil, err
	}
	if all.known {
		s.AllReaders = append(Roles{}, readersOf(all.data)...)
	}
	if settings.known {
		s.Defaults = defaultsOf(settings.data)
	}
	s.Rights = rightsOf(s.Defaults, slices.Collect(maps.Values(w.own)))
	return s, nil
}

const (
	allStream      = "$all"
	allMetadata    = metadataOf + allStream
	settingsStream = "$settings"
	defaultsType   = "update-default-acl"
)

// told is the newest event of a stream of the server's own.
type told struct {
	known    bool // this user may know it
	data     []byte
	revision eventstore.Expected
}

func (t *told) orElse(data []byte, known bool) {
	if !t.known {
		t.known, t.data = known, data
	}
}

// told reads the newest event of a stream. That this user may not is no error.
func (v *visitor) told(ctx context.Context, stream string) (told, error) {
	t := told{known: true, revision: eventstore.NoStream}
	err := v.read(ctx, &request{
		left: 1,
		open: func(ctx context.Context, c *client.Client, count uint64) (receiver, error) {
			return openStream(ctx, c, stream, client.ReadStreamOptions{Direction: client.Backwards, From: client.End{}}, count)
		},
		take: func(i item) bool {
			t.data, t.revision = i.event.Data, eventstore.At(i.event.EventNumber)
			return true
		},
	})
	if status.Code(err) == codes.PermissionDenied {
		return told{}, nil
	}
	return t, err
}

// readersOf reads who is granted $all in its metadata. Where they do not say, it
// is administrators.
func readersOf(metadata []byte) Roles {
	var m struct {
		List Access `json:"$acl"`
	}
	if json.Unmarshal(metadata, &m) != nil || m.List.Read == nil {
		return Roles{Administrators}
	}
	return m.List.Read
}

// defaultsOf reads a default access list; it is empty where none is set.
func defaultsOf(data []byte) *Defaults {
	d := &Defaults{}
	if json.Unmarshal(data, d) != nil {
		return &Defaults{}
	}
	return d
}

// everything reads all that the server has, up to its end, whosever it is.
func (v *visitor) everything(ctx context.Context, take func(*client.RecordedEvent)) error {
	for from := (eventstore.Position{}); ; {
		r := &request{
			left: lastStep,
			open: func(ctx context.Context, c *client.Client, count uint64) (receiver, error) {
				return openAll(ctx, c, client.ReadAllOptions{Direction: client.Forwards, From: place(from)}, count)
			},
			take: func(i item) bool {
				// Forwards the event that stands at from comes again.
				if at := position(i.event.Position); at.Compare(from) > 0 {
					from = at
					take(i.event)
				}
				return true
			},
		}
		if err := v.read(ctx, r); err != nil || r.left > 0 {
			return err
		}
	}
}

// walk is what one sees who reads everything.
type walk struct {
	store         *Store
	held          Held
	ours, foreign map[string]struct{} // streams
	own           map[string]Access   // lists of the ledger's own streams, in their metadata
	all, settings []byte              // the newest metadata of $all, and default list; nil: none was there
}

func newWalk(s *Store) *walk {
	return &walk{store: s, held: Held{Foreign: []string{}}, ours: map[string]struct{}{}, foreign: map[string]struct{}{}, own: map[string]Access{}}
}

func (w *walk) take(e *client.RecordedEvent) {
	stream, ours := w.store.ours(e)
	switch {
	case ours:
		w.held.Events++
		w.held.Bytes += uint64(eventstore.AppendSize([]eventstore.Event{recorded(e, stream).Event}))
		w.ours[stream] = struct{}{}
	case e.StreamID == allMetadata && e.EventType == metadataType:
		w.all = e.Data
	case e.StreamID == settingsStream && e.EventType == defaultsType:
		w.settings = e.Data
	case strings.HasPrefix(e.StreamID, metadataOf):
		w.listed(strings.TrimPrefix(e.StreamID, metadataOf), e)
	case !strings.HasPrefix(e.StreamID, "$") && !isTombstone(e):
		w.held.ForeignEvents++
		if _, known := w.foreign[e.StreamID]; !known && len(w.held.Foreign) < shownForeign {
			w.held.Foreign = append(w.held.Foreign, e.StreamID)
		}
		w.foreign[e.StreamID] = struct{}{}
	}
}

// listed takes the access list out of a stream's metadata.
func (w *walk) listed(of string, e *client.RecordedEvent) {
	stream, ours := w.store.own(of)
	if !ours || e.EventType != metadataType {
		return
	}
	var m struct {
		List *Access `json:"$acl"`
	}
	delete(w.own, stream) // the newest counts
	if json.Unmarshal(e.Data, &m) == nil && m.List != nil {
		w.own[stream] = *m.List
	}
}

func (w *walk) done() *Held {
	w.held.Streams, w.held.ForeignStreams = len(w.ours), len(w.foreign)
	return &w.held
}
