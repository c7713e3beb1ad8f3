package office

import (
	"sync"

	"reliefledger.org/ledger/domain"
)

// disclosed are the names that lists show everybody today: opened, and journalled,
// once for each version of a notice and day, and kept in memory until the notice
// changes, the name is hidden, or the day ends. The gate is asked each time all the
// same: what is kept only spares the opening.
type disclosed struct {
	mu    sync.Mutex // guards what follows
	day   domain.Day
	names map[listed]string
	lists map[domain.ID]uint64 // the version of each notice of which names are kept
}

// listed is a name on a version of a notice; the zero value is none that everybody
// sees today.
type listed struct {
	notice  domain.ID
	version uint64 // 1 + the revision of the notice's stream
	of      domain.ID
}

// listedNow is the name that a list shows everybody today, for a question to the
// gate.
func listedNow(s *domain.Ledger, k domain.Look) listed {
	if k.Purpose != domain.OnList || k.Past {
		return listed{}
	}
	revision, ok := s.Revision(domain.Stream(domain.NoticeKind, k.Notice))
	if !ok {
		return listed{}
	}
	return listed{k.Notice, revision + 1, k.Of}
}

func (d *disclosed) get(today domain.Day, k listed) (name string, known bool) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.day != today {
		d.day, d.names, d.lists = today, map[listed]string{}, map[domain.ID]uint64{}
	}
	if k == (listed{}) {
		return "", false
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

func (d *disclosed) put(today domain.Day, k listed, name string) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.day == today && k != (listed{}) && d.lists[k.notice] == k.version {
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
}
