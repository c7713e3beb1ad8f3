package esdb

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"reflect"

	"github.com/google/uuid"

	"reliefledger.org/ledger/eventstore"
)

// Preparation is what makes a server ready for a ledger, beside what stands there
// now. Nothing is set by making one.
type Preparation struct {
	Store   string   `json:"store"` // its address, without user and password
	User    string   `json:"user"`  // the ledger's own
	Readers []string `json:"readers"`
	// All are the metadata of $all, which grant it to the user and the readers, and
	// Defaults is the default access list: only the user appends.
	All      Setting `json:"all"`
	Defaults Setting `json:"default_access"`
	// Held is what the server holds. To foreign streams the default list applies,
	// too.
	Held *Held `json:"held"`
}

// Setting is the newest event of a stream of the server's own, as it is and as it
// is to be.
type Setting struct {
	Stream string          `json:"stream"`
	Type   string          `json:"type"`
	Is     json.RawMessage `json:"is,omitempty"` // nothing: none is set
	ToBe   json.RawMessage `json:"to_be"`
	// Foreign says that what is set is somebody else's: to set ToBe would take
	// rights from others.
	Foreign bool `json:"foreign,omitempty"`

	revision eventstore.Expected
}

// Needed says whether there is anything to set.
func (s Setting) Needed() bool { return !sameJSON(s.Is, s.ToBe) }

// Needed says whether there is anything to set.
func (p *Preparation) Needed() bool { return p.All.Needed() || p.Defaults.Needed() }

// ForeignAccess says that the server has a default access list of somebody else,
// which is not overwritten without being told to.
type ForeignAccess struct{ Is, ToBe json.RawMessage }

func (e *ForeignAccess) Error() string {
	return fmt.Sprintf("the server has a default access list of somebody else: %s; to be set is %s", e.Is, e.ToBe)
}

// Prepare says what has to be set on a server for a ledger: user is the ledger's
// own user there, who has to be there already; readers may read all of it, for
// instance auditors. The connection string is an administrator's, with the ledger's
// prefix if it has one.
//
// Errors are those of [Check], and *eventstore.Denied for who is no administrator.
func Prepare(ctx context.Context, connection, user string, readers []string, o Options) (*Preparation, error) {
	v, err := visit(ctx, connection, o)
	if err != nil {
		return nil, err
	}
	defer v.Close()
	p := &Preparation{Store: v.gate.address.name, User: user, Readers: append([]string{}, readers...)}
	all, err := v.told(ctx, allMetadata)
	if err != nil {
		return nil, err
	}
	settings, err := v.told(ctx, settingsStream)
	if err != nil {
		return nil, err
	}
	if !all.known || !settings.known {
		return nil, &eventstore.Denied{Cause: errNoAdministrator}
	}
	w := newWalk(v.Store)
	if err := v.everything(ctx, w.take); err != nil {
		return nil, err
	}
	p.Held = w.done()
	p.All = Setting{Stream: allMetadata, Type: metadataType, Is: all.data, ToBe: granting(all.data, append(Roles{user}, readers...)), revision: all.revision}
	p.Defaults = Setting{Stream: settingsStream, Type: defaultsType, Is: settings.data, ToBe: defaultsFor(user, readers), revision: settings.revision}
	p.Defaults.Foreign = settings.data != nil && !writtenFor(user, settings.data)
	return p, nil
}

var errNoAdministrator = errors.New("who prepares a server must be an administrator of it")

// Set sets what is needed and not set yet. A default list of somebody else it
// overwrites only when told to; else the error is *[ForeignAccess], and nothing was
// set. Somebody who has set either meanwhile makes it end with
// *eventstore.WrongRevision: prepare anew.
func (p *Preparation) Set(ctx context.Context, connection string, overwrite bool, o Options) error {
	if p.Defaults.Foreign && p.Defaults.Needed() && !overwrite {
		return &ForeignAccess{p.Defaults.Is, p.Defaults.ToBe}
	}
	v, err := visit(ctx, connection, o)
	if err != nil {
		return err
	}
	defer v.Close()
	// First who may append: what is granted reading only shows what there is.
	for _, s := range []Setting{p.Defaults, p.All} {
		if !s.Needed() {
			continue
		}
		if err := v.set(ctx, s); err != nil {
			return fmt.Errorf("set %s: %w", s.Stream, err)
		}
	}
	return nil
}

func (v *visitor) set(ctx context.Context, s Setting) error {
	_, err := v.append(ctx, &appending{stream: s.Stream, full: s.Stream, expected: s.revision,
		events: proposed([]eventstore.Event{{ID: uuid.New(), Type: s.Type, Data: s.ToBe}})})
	return err
}

// granting is the metadata of $all with a grant to read it for some more.
func granting(metadata []byte, to Roles) json.RawMessage {
	all := map[string]json.RawMessage{}
	list := map[string]json.RawMessage{}
	if json.Unmarshal(metadata, &all) == nil {
		_ = json.Unmarshal(all["$acl"], &list)
	}
	list["$r"] = written(readersOf(metadata).with(Administrators).with(to...))
	all["$acl"] = written(list)
	return written(all)
}

// defaultsFor is the default access list of a server that a ledger's user writes.
func defaultsFor(user string, readers []string) json.RawMessage {
	only := Roles{Administrators}
	return written(&Defaults{
		UserStreams:   &Access{Read: only.with(user).with(readers...), Write: Roles{user}, Delete: only, ReadMetadata: Roles{user}, WriteMetadata: only},
		SystemStreams: &Access{Read: only, Write: only, Delete: only, ReadMetadata: only, WriteMetadata: only},
	})
}

// writtenFor says whether a default access list is one of ours for a user, with
// whatever readers.
func writtenFor(user string, data []byte) bool {
	d := defaultsOf(data)
	is := d.userStreams()
	is.Read = nil
	return sameJSON(written(is), written(Access{Write: Roles{user}, Delete: Roles{Administrators}, ReadMetadata: Roles{user}, WriteMetadata: Roles{Administrators}}))
}

func written(v any) json.RawMessage {
	text, err := json.Marshal(v)
	if err != nil {
		panic(err) // of nothing but texts
	}
	return text
}

// sameJSON compares what two texts say; the order of fields says nothing.
func sameJSON(a, b []byte) bool {
	var x, y any
	return bytes.Equal(a, b) || json.Unmarshal(a, &x) == nil && json.Unmarshal(b, &y) == nil && reflect.DeepEqual(x, y)
}
