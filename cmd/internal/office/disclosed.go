package office

import (
	"context"
	"sync"

	"github.com/google/uuid"
	"golang.org/x/sync/semaphore"

	"reliefledger.org/ledger/domain"
)

// disclosed are the names that lists show everybody today: opened, and journalled, once
// for each version of a notice and day, and kept in memory until the notice or the name
// changes, somebody is hidden or erased, or the day ends. The gate is asked each time all
// the same: what is kept only spares the opening.
type disclosed struct {
	// opening is held while names of a list are opened: whoever comes next finds them.
	opening *semaphore.Weighted

	mu      sync.Mutex // guards what follows
	day     domain.Day
	names   map[listed]string
	lists   map[domain.ID]uint64 // the version of each notice of which names are kept
	cleared int                  // how often all was dropped
	begun   int                  // cleared, when the names that are being opened were asked for
}

// listed is a name on a version of a notice; the zero value is none that everybody sees
// today.
type listed struct {
	notice  domain.ID
	version uint64 // 1 + the revision of the notice's stream
	of      domain.ID
	command uuid.UUID // that gave the person this name
}

// listedNow is the name that a list shows everybody today, for a value that is asked for.
func listedNow(s *domain.Ledger, v *value, as *domain.Ledger) listed {
	if v.look.Purpose != domain.OnList || as != nil || v.look.On != v.look.Today {
		return listed{}
	}
	revision, ok := s.Revision(domain.Stream(domain.NoticeKind, v.look.Notice))
	if !ok {
		return listed{}
	}
	return listed{v.look.Notice, revision + 1, v.look.Of, v.command}
}

// begin waits until nobody opens names of a list, where names are some, or until ctx has
// ended; unlock lets the next one begin.
func (d *disclosed) begin(ctx context.Context, names []listed) (unlock func(), err error) {
	for _, k := range names {
		if k != (listed{}) {
			if err := d.opening.Acquire(ctx, 1); err != nil {
				return nil, err
			}
			d.mu.Lock()
			d.begun = d.cleared
			d.mu.Unlock()
			return func() { d.opening.Release(1) }, nil
		}
	}
	return func() {}, nil
}

func (d *disclosed) get(today domain.Day, k listed) (name string, known bool) {
	if k == (listed{}) {
		return "", false
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.day != today {
		d.day, d.names, d.lists = today, map[listed]string{}, map[domain.ID]uint64{}
	}
	if d.lists[k.notice] != k.version {
		for each := range d.names {
			if each.notice == k.notice {
				delete(d.names, each)
			}
		}
		d.lists[k.notice] = k.version
	}
	name, known = d.names[k]
	return name, known
}

// put keeps a name, unless all was dropped while it was opened.
func (d *disclosed) put(today domain.Day, k listed, name string) {
	if k == (listed{}) {
		return
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.day == today && d.lists[k.notice] == k.version && d.begun == d.cleared {
		d.names[k] = name
	}
}

// forget drops a name that is not shown any more.
func (d *disclosed) forget(k listed) {
	d.mu.Lock()
	defer d.mu.Unlock()
	delete(d.names, k)
}

// clear drops all: somebody may have been hidden.
func (d *disclosed) clear() {
	d.mu.Lock()
	defer d.mu.Unlock()
	clear(d.names)
	d.cleared++
}
