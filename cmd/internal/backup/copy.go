package backup

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"reliefledger.org/ledger/cmd/internal/office"
	"reliefledger.org/ledger/cmd/internal/words"
	"reliefledger.org/ledger/domain"
	"reliefledger.org/ledger/eventstore"
	"reliefledger.org/ledger/eventstore/esdb"
	"reliefledger.org/ledger/eventstore/folder"
)

// eventsOf is the folder of events that a store names.
func eventsOf(dir string) string {
	if _, err := os.Stat(filepath.Join(dir, office.AboutFile)); err == nil {
		return filepath.Join(dir, office.EventsFolder)
	}
	if _, err := os.Stat(filepath.Join(dir, office.EventsFolder)); err == nil {
		return filepath.Join(dir, office.EventsFolder)
	}
	return dir
}

// openEnd opens one end of a copy; a target's folder that is not there is made.
func openEnd(ctx context.Context, store string, target bool) (eventstore.Store, error) {
	if office.IsAddress(store) {
		return esdb.Dial(ctx, store, esdb.Options{})
	}
	dir := eventsOf(store)
	s, err := folder.Open(ctx, dir, folder.Options{})
	var none *eventstore.NotALedger
	if !target || !errors.As(err, &none) {
		return s, err
	}
	if dir == store {
		dir = filepath.Join(store, office.EventsFolder)
	}
	if err := os.MkdirAll(store, 0o700); err != nil {
		return nil, err
	}
	return folder.Create(dir, folder.Options{})
}

// Named is a store as people may see it: without a password.
func Named(store string) string {
	if office.IsAddress(store) {
		return esdb.Redact(store)
	}
	return store
}

// Copied is what a copy showed.
type Copied struct {
	Chain eventstore.Chain // count and running SHA-256 of the log entries, of both sides
	Used  bool             // the ledger works on the target from now on
}

// Copy copies all events of a store to another, each the folder of a ledger or an
// address, and reads both again to show that they hold the same. The target must be
// empty or a beginning of the source. With use the ledger at home works on the target
// from then on.
func Copy(ctx context.Context, from, to string, home office.Home, use bool, w Watch) (_ *Copied, err error) {
	var a office.About
	if use {
		if a, err = home.About(); err != nil {
			return nil, err
		}
		if !office.IsAddress(to) && eventsOf(to) != filepath.Join(home.Data, office.EventsFolder) && filepath.Clean(to) != filepath.Clean(home.Data) {
			return nil, office.Input(words.Use.String(), "目标须是地址，或账簿目录（%[1]s）本身", "the target must be an address, or the ledger's folder (%[1]s) itself", words.Data)
		}
	}
	source, err := openEnd(ctx, from, false)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", words.From, err)
	}
	defer func() { err = errors.Join(err, source.Close()) }()
	target, err := openEnd(ctx, to, true)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", words.To, err)
	}
	defer func() { err = errors.Join(err, target.Close()) }()
	count, done := w.begin("搬运事件", "copying events")
	copied, err := eventstore.Copy(ctx, source, target, count)
	done()
	if err != nil {
		return nil, err
	}
	// What was written is read back: not what we sent, but what they hold.
	for _, end := range []struct {
		name  string
		store eventstore.Store
	}{{from, source}, {to, target}} {
		have, err := eventstore.ChainOf(ctx, end.store)
		if err != nil {
			return nil, fmt.Errorf("read %s again: %w", Named(end.name), err)
		}
		if have != copied {
			return nil, &Moved{Named(end.name), have, copied}
		}
	}
	if !use {
		return &Copied{Chain: copied}, nil
	}
	if a.Store = ""; office.IsAddress(to) {
		a.Store = esdb.Redact(to)
	}
	return &Copied{copied, true}, home.Write(a)
}

// Moved says that somebody wrote into a store while it was copied.
type Moved struct {
	Store        string
	Have, Copied eventstore.Chain
}

func (e *Moved) Error() string { return e.Say(domain.En) }

// Kind is that of another failure: the same again may succeed.
func (e *Moved) Kind() office.Kind { return office.Failed }

// Say is the sentence in a language.
func (e *Moved) Say(l domain.Lang) string {
	if l == domain.Zh {
		return fmt.Sprintf("%s 现有 %s，与搬运的 %s 不同：搬运期间有人写入，请再运行一次", e.Store, e.Have, e.Copied)
	}
	return fmt.Sprintf("%s holds %s, and %s was copied: somebody wrote meanwhile, run it again", e.Store, e.Have, e.Copied)
}
