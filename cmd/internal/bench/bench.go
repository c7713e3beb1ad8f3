// Package bench measures a ledger: how many payments it takes in a second, how
// fast everything is rebuilt from events, what that costs in memory and on
// disk, and how all of it grows. Beside each figure stands what the same disk
// does in a bare loop of write and sync, in the same run.
package bench

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"time"

	"github.com/google/uuid"

	"reliefledger.org/ledger/domain"
	"reliefledger.org/ledger/eventstore"
	"reliefledger.org/ledger/eventstore/embedded"
	"reliefledger.org/ledger/eventstore/ledger"
	"reliefledger.org/ledger/eventstore/ledger/replay"
	"reliefledger.org/ledger/eventstore/vault"
	"reliefledger.org/ledger/projections"
)

// Report is what one run measured.
type Report struct {
	Plan    Plan      `json:"plan"`
	At      time.Time `json:"at"`
	Cores   int       `json:"cores"`
	Go      string    `json:"go"`
	Events  uint64    `json:"events"`
	Figures []Figure  `json:"figures"`
}

// Figure is one measurement.
type Figure struct {
	Name  string  `json:"name"` // stable, for scripts
	Value float64 `json:"value"`
	Unit  string  `json:"unit"`
	// Target is what the project wants of it, 0 where it wants nothing; Most says
	// that less is better.
	Target float64 `json:"target,omitempty"`
	Most   bool    `json:"most,omitempty"`
	Zh     string  `json:"zh"`
	En     string  `json:"en"`
}

// Met says whether the figure reaches its target, or has none.
func (f Figure) Met() bool {
	return f.Target == 0 || f.Most && f.Value <= f.Target || !f.Most && f.Value >= f.Target
}

// Options say where to measure.
type Options struct {
	Plan Plan
	// Dir is a folder to make the ledger in; it is removed in the end unless
	// Keep. The disk that it is on is the one that is measured.
	Dir  string
	Keep bool
	// Open opens the store whose events have a name of its own before their streams, on
	// a server that is measured in place of the disk; nil measures the disk. The run's
	// events are under "bench", those of another user of the server under "neighbour".
	// They stay there: a ledger's store removes nothing.
	Open func(ctx context.Context, name string) (eventstore.Store, error)
	// Neighbour is how many events another user of the server writes behind ours
	// before the last of ours is looked for; 0: none.
	Neighbour int
	// Say is called with what is being done.
	Say func(zh, en string)
}

// openEvents opens the store that is measured: on the server, or in the folder, where
// it is new the first time.
func (o *Options) openEvents(ctx context.Context, first bool) (eventstore.Store, error) {
	events := filepath.Join(o.Dir, "events")
	switch {
	case o.Open != nil:
		return o.Open(ctx, "bench")
	case first:
		return embedded.Create(events, embedded.Options{})
	}
	return embedded.Open(events, embedded.Options{})
}

// Run fills a new ledger by the plan and measures it.
func Run(ctx context.Context, opts Options) (report *Report, err error) {
	if err := opts.Plan.Check(); err != nil {
		return nil, err
	}
	if err := os.Mkdir(opts.Dir, 0o700); err != nil {
		return nil, err
	}
	if !opts.Keep {
		defer func() { err = errors.Join(err, os.RemoveAll(opts.Dir)) }()
	}
	m := &measure{Options: opts, report: &Report{Plan: opts.Plan, At: time.Now().UTC(), Cores: runtime.NumCPU(), Go: runtime.Version()}}
	if err := m.fill(ctx); err != nil {
		return nil, fmt.Errorf("fill the ledger: %w", err)
	}
	if err := m.reopen(ctx); err != nil {
		return nil, fmt.Errorf("read the ledger: %w", err)
	}
	return m.report, nil
}

type measure struct {
	Options
	report *Report
	bare   *bareLoop
}

// ofDisk is a target that is measured against this disk: none for a server.
func (m *measure) ofDisk(target float64) float64 {
	if m.Open != nil {
		return 0
	}
	return target
}

func (m *measure) note(f Figure) { m.report.Figures = append(m.report.Figures, f) }

func (m *measure) paths() (vaultFile, bare string) {
	return filepath.Join(m.Dir, "vault.db"), filepath.Join(m.Dir, "bare")
}

// desk is a ledger with projections that follow it.
type desk struct {
	store eventstore.Store
	vault *vault.Vault
	office
	live *projections.Live
}

// paid submits an order and waits until the projections show it.
func (d *desk) paid(ctx context.Context, s signed) error {
	done, err := d.submit(ctx, s)
	if err != nil {
		return err
	}
	return d.live.View(ctx, done.Position, func(*projections.Books) {})
}

func (d *desk) Close() error {
	return errors.Join(d.live.Close(), d.l.Close(), d.store.Close(), d.vault.Close())
}

// stopwatch adds up how long some payments took.
type stopwatch struct {
	payments int
	took     time.Duration
}

func (w *stopwatch) time(payments int, f func() error) error {
	began := time.Now()
	err := f()
	w.took += time.Since(began)
	w.payments += payments
	return err
}

func (w *stopwatch) rate() float64 { return float64(w.payments) / w.took.Seconds() }

// alone is how many payments of a list by hand one client makes alone.
const alone = 200

func (m *measure) fill(ctx context.Context) (err error) {
	vaultFile, bare := m.paths()
	if m.bare, err = newBareLoop(bare); err != nil {
		return err
	}
	defer func() { err = errors.Join(err, m.bare.Close()) }()
	store, err := m.openEvents(ctx, true)
	if err != nil {
		return err
	}
	v, err := vault.Create(vaultFile, ledgerID, vault.WrappingKey{1})
	if err != nil {
		return errors.Join(err, store.Close())
	}
	l, err := ledger.Open(ctx, store, v, ledger.Options{})
	if err != nil {
		return errors.Join(err, store.Close(), v.Close())
	}
	live, err := projections.Follow(ctx, store)
	if err != nil {
		return errors.Join(err, l.Close(), store.Close(), v.Close())
	}
	d := &desk{store, v, office{l, m.Plan}, live}
	defer func() { err = errors.Join(err, d.Close()) }()

	m.Say("登记对象", "register the people")
	if err := d.open(ctx); err != nil {
		return err
	}
	var people, lists, one, many, receipts, batches stopwatch
	var syncs stopwatch
	if err := people.time(m.Plan.Payees(), func() error { return d.register(ctx) }); err != nil {
		return err
	}
	m.Say("名单、批次、发放、凭证", "lists, batches, payments, receipts")
	for i := range m.Plan.Lists() {
		rows := m.Plan.List(i)
		if err := lists.time(len(rows), func() error { return d.prepare(ctx, rows) }); err != nil {
			return err
		}
		if rows[0].ByHand {
			err = d.payByHand(ctx, rows, m.bare, &syncs, &one, &many)
		} else {
			var s signed
			if s, err = d.result(ctx, rows); err == nil {
				err = batches.time(len(rows), func() error { return d.paid(ctx, s) })
			}
		}
		if err != nil {
			return err
		}
		if err := receipts.time(len(rows), func() error { return d.receive(ctx, rows) }); err != nil {
			return err
		}
	}
	bareRate := syncs.rate()
	m.note(Figure{Name: "bare", Value: bareRate, Unit: "syncs/s", Zh: "同一磁盘逐次写入并落盘", En: "bare write and fsync on the same disk"})
	m.note(Figure{Name: "pay/1", Value: one.rate(), Unit: "payments/s", Target: m.ofDisk(0.6 * bareRate), Zh: "逐笔发放，1 个出纳", En: "single payments by 1 cashier"})
	m.note(Figure{Name: "pay/64", Value: many.rate(), Unit: "payments/s", Target: m.ofDisk(min(30_000, 32*bareRate)), Zh: "逐笔发放，64 个出纳", En: "single payments by 64 cashiers"})
	m.note(Figure{Name: "batch", Value: batches.rate(), Unit: "payments/s", Target: 100_000, Zh: "银行回盘，每批 1,000 笔", En: "a bank's result of 1,000 payments"})
	m.note(Figure{Name: "register", Value: people.rate(), Unit: "people/s", Zh: "登记对象（含保险库）", En: "people registered, with the vault"})
	m.note(Figure{Name: "lists", Value: lists.rate(), Unit: "lines/s", Zh: "名单到复核", En: "lines from allocation to approved batch"})
	return nil
}

func (d *desk) payByHand(ctx context.Context, rows []Payment, bare *bareLoop, syncs, one, many *stopwatch) error {
	orders := make([]signed, len(rows))
	if err := side(ctx, clients, len(rows), func(ctx context.Context, i int) (err error) {
		orders[i], err = d.pay(ctx, rows[i])
		return err
	}); err != nil {
		return err
	}
	mine := min(alone, len(rows)/2)
	if err := syncs.time(mine, func() error { return bare.times(mine) }); err != nil {
		return err
	}
	if err := one.time(mine, func() error {
		for _, s := range orders[:mine] {
			if err := d.paid(ctx, s); err != nil {
				return err
			}
		}
		return nil
	}); err != nil {
		return err
	}
	rest := orders[mine:]
	return many.time(len(rest), func() error {
		return side(ctx, clients, len(rest), func(ctx context.Context, i int) error { return d.paid(ctx, rest[i]) })
	})
}

// reopen measures what a start, a rebuild and a look back cost, and what lies
// in memory and on disk.
func (m *measure) reopen(ctx context.Context) (err error) {
	vaultFile, _ := m.paths()
	store, err := m.openEvents(ctx, false)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, store.Close()) }()
	if err := m.sizes(ctx, store); err != nil {
		return err
	}
	payments, count := float64(m.Plan.Payments), float64(m.report.Events)

	m.Say("重建全部投影", "rebuild all projections")
	before := heap()
	began := time.Now()
	books, err := projections.Read(ctx, store, projections.Until{})
	took := time.Since(began)
	if err != nil {
		return err
	}
	m.note(Figure{Name: "rebuild", Value: count / took.Seconds(), Unit: "events/s", Target: 400_000, Zh: "重建全部投影", En: "all projections rebuilt"})
	m.note(Figure{Name: "rebuild-seconds", Value: took.Seconds(), Unit: "s", Zh: "重建全部投影", En: "all projections rebuilt"})
	m.note(Figure{Name: "heap/payment", Value: float64(heap()-before) / payments, Unit: "bytes", Target: 400, Most: true, Zh: "每笔发放占用内存（全部投影）", En: "heap of all projections, a payment"})
	half := m.report.Events / 2
	at := books.At(half)
	runtime.KeepAlive(books)
	books = nil

	m.Say("按规则重演", "replay through the rules")
	began = time.Now()
	judged, err := replay.Run(ctx, store, domain.DefaultCalendar())
	if err != nil {
		return err
	}
	if len(judged.Findings) > 0 || judged.Events != m.report.Events {
		return fmt.Errorf("replay: %d events, %d findings", judged.Events, len(judged.Findings))
	}
	m.note(Figure{Name: "replay", Value: count / time.Since(began).Seconds(), Unit: "events/s", Target: 150_000, Zh: "审计重演", En: "audit replay"})
	judged = nil

	if err := m.snapshots(ctx, store, vaultFile); err != nil {
		return err
	}
	for _, q := range []struct {
		name, zh, en string
		until        projections.Until
		most         float64
	}{
		{"as-of-number", "截至某序号（全程之半）", "as of a number, half of all", projections.Until{Number: &half}, 0.5},
		{"as-of-recorded", "截至某时刻（同上）", "as of a recorded time, the same", projections.Until{Recorded: at.Recorded}, 0.5},
		{"as-of-date", "截至某业务日期", "as of a business date", projections.Until{Date: at.Date}, 1},
	} {
		m.Say(q.zh, q.en)
		began := time.Now()
		b, err := projections.ReadFrom(ctx, store, m.snapshotOf("books"), q.until)
		if err != nil {
			return err
		}
		b.Balances(projections.ByFund)
		m.note(Figure{Name: q.name, Value: time.Since(began).Seconds(), Unit: "s", Target: q.most, Most: true, Zh: q.zh, En: q.en})
	}
	return m.neighbour(ctx, store)
}

// neighbour measures what it costs to find the last of our events on a server to which
// somebody else has written since: $all is read backwards, past all of theirs.
func (m *measure) neighbour(ctx context.Context, store eventstore.Store) (err error) {
	if m.Open == nil || m.Neighbour == 0 {
		return nil
	}
	look := func() (time.Duration, error) {
		began := time.Now()
		for _, err := range store.ReadAll(ctx, eventstore.End, eventstore.Backwards) {
			return time.Since(began), err
		}
		return 0, errors.New("the store has no events")
	}
	before, err := look()
	if err != nil {
		return err
	}
	m.Say("邻居写入", "a neighbour writes")
	other, err := m.Open(ctx, "neighbour")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, other.Close()) }()
	const part = 1000
	for done := 0; done < m.Neighbour; done += part {
		events := make([]eventstore.Event, min(part, m.Neighbour-done))
		for i := range events {
			events[i] = eventstore.Event{ID: uuid.New(), Type: "NeighbourWrote", Data: []byte(`{"open":{},"private":{}}`), Metadata: []byte(`{}`)}
		}
		if _, err := other.Append(ctx, fmt.Sprint("neighbour-", done/part), eventstore.NoStream, events); err != nil {
			return err
		}
	}
	after, err := look()
	if err != nil {
		return err
	}
	m.note(Figure{Name: "last", Value: 1000 * before.Seconds(), Unit: "ms", Zh: "找到本账簿最末事件", En: "the last of our events is found"})
	m.note(Figure{Name: "last/neighbour", Value: 1000 * after.Seconds(), Unit: "ms", Zh: fmt.Sprintf("同上，其后有他人事件 %d 个", m.Neighbour),
		En: fmt.Sprintf("the same, behind it %d events of a neighbour", m.Neighbour)})
	return nil
}

func (m *measure) snapshotOf(name string) string { return filepath.Join(m.Dir, "snapshots", name) }

// snapshots leaves snapshots as a program does that ends, and starts from them.
func (m *measure) snapshots(ctx context.Context, store eventstore.Store, vaultFile string) (err error) {
	m.Say("快照与启动", "snapshots, and a start from them")
	v, err := vault.Open(vaultFile, ledgerID, vault.WrappingKey{1})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, v.Close()) }()
	payments := float64(m.Plan.Payments)
	before := heap()
	began := time.Now()
	l, err := ledger.Open(ctx, store, v, ledger.Options{Snapshot: m.snapshotOf("state")})
	if err != nil {
		return err
	}
	m.note(Figure{Name: "start-from-events", Value: time.Since(began).Seconds(), Unit: "s", Zh: "无快照启动（仅状态）", En: "start without a snapshot (state only)"})
	m.note(Figure{Name: "state/payment", Value: float64(heap()-before) / payments, Unit: "bytes", Zh: "每笔发放占用内存（命令所需状态）", En: "heap of the state that commands need, a payment"})
	began = time.Now()
	if err := errors.Join(l.Keep(), l.Close()); err != nil {
		return err
	}
	m.note(Figure{Name: "snapshot-seconds", Value: time.Since(began).Seconds(), Unit: "s", Zh: "写状态快照", En: "a snapshot of the state is written"})
	books, err := projections.Read(ctx, store, projections.Until{})
	if err != nil {
		return err
	}
	if err := books.Keep(m.snapshotOf("books")); err != nil {
		return err
	}
	books = nil
	kept, err := size(filepath.Dir(m.snapshotOf("books")))
	if err != nil {
		return err
	}
	m.note(Figure{Name: "snapshots/payment", Value: float64(kept) / payments, Unit: "bytes", Zh: "每笔发放的快照（两个）", En: "disk of both snapshots, a payment"})

	before = heap()
	began = time.Now()
	live, err := projections.FollowFrom(ctx, store, m.snapshotOf("books"))
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, live.Close()) }()
	booksTook, booksHeap := time.Since(began), heap()-before
	began = time.Now()
	if l, err = ledger.Open(ctx, store, v, ledger.Options{Snapshot: m.snapshotOf("state")}); err != nil {
		return err
	}
	m.note(Figure{Name: "start", Value: time.Since(began).Seconds(), Unit: "s", Target: 1, Most: true, Zh: "从快照启动，可受理命令", En: "start from a snapshot until commands are taken"})
	m.note(Figure{Name: "start-books", Value: booksTook.Seconds(), Unit: "s", Target: 1, Most: true, Zh: "从快照启动，投影可用", En: "start from a snapshot until projections answer"})
	m.note(Figure{Name: "heap-from-snapshot/payment", Value: float64(booksHeap) / payments, Unit: "bytes", Target: 400, Most: true, Zh: "从快照启动后每笔发放占用内存（全部投影）", En: "heap of all projections from a snapshot, a payment"})
	runtime.KeepAlive(live)
	return l.Close()
}

// heap is what is in use after a collection, in bytes.
func heap() int64 {
	runtime.GC()
	runtime.GC()
	var s runtime.MemStats
	runtime.ReadMemStats(&s)
	return int64(s.HeapAlloc)
}

// sizes says where the bytes of an event go.
func (m *measure) sizes(ctx context.Context, store eventstore.Store) error {
	vaultFile, _ := m.paths()
	inVault, err := size(vaultFile)
	if err != nil {
		return err
	}
	var all, posted parts
	for r, err := range store.ReadAll(ctx, eventstore.Position{}, eventstore.Forwards) {
		if err != nil {
			return err
		}
		all.add(r)
		if r.Type == "DisbursementMade" && !bytes.Contains(r.Metadata, []byte(`"command":`)) {
			posted.add(r)
		}
	}
	m.report.Events = uint64(all.events)
	payments := float64(m.Plan.Payments)
	if m.Open == nil { // of a server nobody here sees the disk
		onDisk, err := size(filepath.Join(m.Dir, "events"))
		if err != nil {
			return err
		}
		m.note(Figure{Name: "disk/payment", Value: float64(onDisk) / payments, Unit: "bytes", Zh: "每笔发放占用磁盘（全部事件，压缩后）", En: "disk of all events, compressed, a payment"})
	}
	m.note(Figure{Name: "vault/payment", Value: float64(inVault) / payments, Unit: "bytes", Zh: "每笔发放的保险库", En: "vault, a payment"})
	m.noteParts("event", "每个事件（压缩前）", "an event before compression", all, 0)
	m.noteParts("posted", "流程记入的一笔发放（压缩前）", "a payment that a process posts, before compression", posted, 450)
	return nil
}

func (m *measure) noteParts(name, zh, en string, p parts, most float64) {
	m.note(Figure{Name: name, Value: p.each(p.open + p.private + p.metadata + p.envelope), Unit: "bytes", Target: most, Most: most > 0, Zh: zh, En: en})
	for _, part := range []struct {
		name, zh, en string
		sum          int
	}{{"open", "其中公开部分", "of it open", p.open}, {"private", "其中非公开部分", "of it private", p.private},
		{"metadata", "其中元数据", "of it metadata", p.metadata}, {"envelope", "其中信封与索引", "of it envelope and index", p.envelope}} {
		m.note(Figure{Name: name + "/" + part.name, Value: p.each(part.sum), Unit: "bytes", Zh: part.zh, En: part.en})
	}
}

// parts are sums over events: bytes of the two parts of their data, of their
// metadata, and of all else that the store keeps of an event (ids, names,
// lengths, its place in the index of streams).
type parts struct{ events, open, private, metadata, envelope int }

func (p *parts) add(r eventstore.Recorded) {
	p.events++
	p.metadata += len(r.Metadata)
	p.envelope += len(`{"open":,"private":}`) + 16 + 2*len(r.Stream) + len(r.Type) + 9 + 8 + 8 + 11
	if d, err := eventstore.Split(r.Data); err == nil {
		p.open += len(d.Open)
		p.private += len(d.Private)
	}
}

func (p *parts) each(sum int) float64 { return float64(sum) / float64(max(p.events, 1)) }

func size(path string) (sum int64, err error) {
	return sum, filepath.WalkDir(path, func(_ string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		i, err := d.Info()
		if err == nil {
			sum += i.Size()
		}
		return err
	})
}
