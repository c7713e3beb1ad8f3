package bench

import (
	"bufio"
	"context"
	"crypto/sha256"
	"encoding/csv"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"

	"reliefledger.org/ledger/domain"
	"reliefledger.org/ledger/eventstore/vault/vaulttest"
)

var (
	peerPayments = flag.Int("peers", 0, "how many payments the peers make; the table is printed")
	peersOut     = flag.String("peers.json", "", "a file for the figures of the peers")
)

// Peer is one figure of a peer beside ours.
type Peer struct {
	Name  string  `json:"name"`
	What  string  `json:"what"`
	Value float64 `json:"value"`
	Unit  string  `json:"unit"`
	// Ours is our figure for the same; Times how often better it is than theirs.
	Ours  float64 `json:"ours"`
	Times float64 `json:"times"`
}

// TestPeers makes the same payments with PostgreSQL, hledger and ledger of
// Debian, and holds their totals against the plan's: a peer that is faster
// because it is wrong counts for nothing. With -peers it measures, ours in the
// same run.
func TestPeers(t *testing.T) {
	if testing.Short() {
		t.Skip("starts three other programs")
	}
	plan := Plan{Seed: 1, Payments: max(*peerPayments, 10_000)}
	dir := t.TempDir()
	journal := filepath.Join(dir, "plan.journal")
	writeJournal(t, journal, plan)
	var peers []Peer
	note := func(name, what string, value float64, unit string, ours, times float64) {
		peers = append(peers, Peer{name, what, value, unit, ours, times})
	}
	var ours map[string]float64
	if *peerPayments > 0 {
		report, err := Run(t.Context(), Options{Plan: plan, Dir: filepath.Join(dir, "ours"), Say: func(string, string) {}})
		if err != nil {
			t.Fatal(err)
		}
		ours = map[string]float64{}
		for _, f := range report.Figures {
			ours[f.Name] = f.Value
		}
	}
	// Most of a peer's time a payment is a sync: some thousand are enough.
	some := min(plan.Payments/2, max(*peerPayments/2, 500), 20_000)
	db := newPostgres(t, plan)
	for _, clients := range []int{1, 64} {
		rate := db.pay(t, clients, some)
		name := fmt.Sprintf("pay/%d", clients)
		note("PostgreSQL", fmt.Sprintf("checked transfers with an event row, %d clients", clients), rate, "payments/s", ours[name], ours[name]/rate)
	}
	took, bytes := db.balances(t)
	note("PostgreSQL", "disk of tables and indexes, a payment", bytes, "bytes", ours["disk/payment"], bytes/ours["disk/payment"])
	note("PostgreSQL", fmt.Sprintf("balances by allocation from %d event rows", 2*some), took, "s", 0, 0)
	for _, program := range []struct {
		name  string
		args  []string
		split func(line string) (account, amount string)
	}{
		{"hledger", []string{"-f", journal, "balance", "^paid", "--depth", "2", "-N", "-O", "csv"}, nil},
		{"ledger", []string{"-f", journal, "balance", "^paid", "--depth", "2", "--no-total", "--balance-format", "\"%(account)\",\"%(display_total)\"\n"}, nil},
	} {
		path, err := exec.LookPath(program.name)
		if err != nil {
			t.Fatalf("%v: apt-get install hledger ledger", err)
		}
		began := time.Now()
		cmd := exec.CommandContext(t.Context(), path, program.args...)
		cmd.Env = append(os.Environ(), "LC_ALL=C.UTF-8")
		cmd.Stderr = os.Stderr
		out, err := cmd.Output()
		if err != nil {
			t.Fatal(program.name, err)
		}
		seconds := time.Since(began).Seconds()
		checkTotals(t, program.name, string(out), plan)
		memory := float64(cmd.ProcessState.SysUsage().(*syscall.Rusage).Maxrss) * 1024 / float64(plan.Payments)
		note(program.name, fmt.Sprintf("balances of %d payments", plan.Payments), seconds, "s", ours["rebuild-seconds"], seconds/ours["rebuild-seconds"])
		note(program.name, "memory at its peak, a payment", memory, "bytes", ours["heap/payment"], memory/ours["heap/payment"])
	}
	if *peerPayments == 0 {
		return
	}
	fmt.Printf("%-12s %-58s %14s %-10s %14s %8s\n", "peer", "what", "theirs", "unit", "ours", "better")
	for _, p := range peers {
		fmt.Printf("%-12s %-58s %14.2f %-10s %14.2f %7.1fx\n", p.Name, p.What, p.Value, p.Unit, p.Ours, p.Times)
	}
	if *peersOut != "" {
		text, err := json.MarshalIndent(peers, "", "  ")
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(*peersOut, text, 0o644); err != nil {
			t.Fatal(err)
		}
	}
}

// writeJournal writes the plan in plain-text accounting.
func writeJournal(t *testing.T, path string, plan Plan) {
	f, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	w := bufio.NewWriter(f)
	for list := range plan.Lists() {
		rows := plan.List(list)
		fmt.Fprintf(w, "%s allocation %d\n    allocations:a%d  %s CNY\n    funds:county\n\n", rows[0].On.Add(-9), list, list, Total(rows).Plain())
		for _, r := range rows {
			fmt.Fprintf(w, "%s list %d row %d\n    paid:a%d:p%d  %s CNY\n    allocations:a%d\n\n", r.On, r.List, r.Row, r.List, r.Payee, r.Amount.Plain(), r.List)
		}
	}
	if err := w.Flush(); err != nil {
		t.Fatal(err)
	}
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
}

// checkTotals holds "paid:a17","350.00 CNY" against the plan.
func checkTotals(t *testing.T, who, out string, plan Plan) {
	t.Helper()
	records, err := csv.NewReader(strings.NewReader(out)).ReadAll()
	if err != nil {
		t.Fatalf("%s: %v", who, err)
	}
	found := 0
	for _, r := range records {
		var list int
		if n, _ := fmt.Sscanf(r[0], "paid:a%d", &list); n != 1 {
			continue // a head, or the account above
		}
		found++
		have, err := domain.ParseFen(strings.TrimSuffix(r[1], " CNY"))
		if err != nil || list >= plan.Lists() || have != Total(plan.List(list)) {
			t.Errorf("%s says that %q was paid of list %d (%v)", who, r[1], list, err)
		}
	}
	if found != plan.Lists() {
		t.Errorf("%s has %d of %d lists: %.200s", who, found, plan.Lists(), out)
	}
}

// postgres is the plan in a database as one would write it today: tables of what
// is due and left, and a row for every event.
type postgres struct {
	pool *pgxpool.Pool
	rows []Payment
	next int
}

const schema = `
CREATE TABLE allocation (id int PRIMARY KEY, left_fen bigint NOT NULL CHECK (left_fen >= 0), paid_fen bigint NOT NULL DEFAULT 0);
CREATE TABLE entitlement (allocation int NOT NULL, line int NOT NULL, payee int NOT NULL, fen bigint NOT NULL, approved bool NOT NULL, paid bool NOT NULL DEFAULT false, PRIMARY KEY (allocation, line));
CREATE TABLE event (number bigserial PRIMARY KEY, stream text NOT NULL, kind text NOT NULL, data jsonb NOT NULL, hash bytea NOT NULL);`

// pays is the whole of a payment in one statement, one round trip and one
// transaction, which is the best that can be done for PostgreSQL here.
const pays = `
WITH e AS (UPDATE entitlement SET paid = true WHERE allocation = $1 AND line = $2 AND approved AND NOT paid RETURNING fen),
     a AS (UPDATE allocation SET left_fen = left_fen - e.fen, paid_fen = paid_fen + e.fen FROM e WHERE id = $1 RETURNING id)
INSERT INTO event (stream, kind, data, hash) SELECT 'allocation-' || id, 'DisbursementMade', $3, $4 FROM a`

func newPostgres(t *testing.T, plan Plan) *postgres {
	config, err := pgxpool.ParseConfig(vaulttest.Postgres(t))
	if err != nil {
		t.Fatal(err)
	}
	config.MaxConns = 64
	pool, err := pgxpool.NewWithConfig(t.Context(), config)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(pool.Close)
	if _, err := pool.Exec(t.Context(), schema); err != nil {
		t.Fatal(err)
	}
	db := &postgres{pool: pool}
	lists := min(plan.Lists(), 64) // one after the other in each, so that no two wait for one allocation
	for list := range lists {
		rows := plan.List(list)
		if _, err := pool.Exec(t.Context(), "INSERT INTO allocation (id, left_fen) VALUES ($1, $2)", list, int64(Total(rows))); err != nil {
			t.Fatal(err)
		}
		line, payee, fen := make([]int, len(rows)), make([]int, len(rows)), make([]int64, len(rows))
		for i, r := range rows {
			line[i], payee[i], fen[i] = r.Row, r.Payee, int64(r.Amount)
		}
		if _, err := pool.Exec(t.Context(), "INSERT INTO entitlement (allocation, line, payee, fen, approved) SELECT $1, l, p, f, true FROM unnest($2::int[], $3::int[], $4::bigint[]) AS x(l, p, f)", list, line, payee, fen); err != nil {
			t.Fatal(err)
		}
	}
	for i := range ListSize {
		for list := range lists {
			if rows := plan.List(list); i < len(rows) {
				db.rows = append(db.rows, rows[i])
			}
		}
		if len(db.rows) > 60_000 {
			break
		}
	}
	return db
}

// pay makes the next n payments and returns how many a second.
func (db *postgres) pay(t *testing.T, clients, n int) float64 {
	rows := db.rows[db.next : db.next+n]
	db.next += n
	began := time.Now()
	err := side(t.Context(), clients, n, func(ctx context.Context, i int) error {
		r := rows[i]
		data := fmt.Sprintf(`{"date":"%s","batch":1,"row":%d,"fen":%d,"payee":%d,"actor":"cashier"}`, r.On, r.Row, r.Amount, r.Payee)
		hash := sha256.Sum256([]byte(data))
		tag, err := db.pool.Exec(ctx, pays, r.List, r.Row, data, hash[:])
		if err == nil && tag.RowsAffected() != 1 {
			err = fmt.Errorf("list %d row %d was not paid", r.List, r.Row)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return float64(n) / time.Since(began).Seconds()
}

// balances adds the events up and holds them against what was paid; it returns
// seconds, and bytes of disk a payment.
func (db *postgres) balances(t *testing.T) (seconds, bytes float64) {
	want := map[string]int64{}
	for _, r := range db.rows[:db.next] {
		want[fmt.Sprint("allocation-", r.List)] += int64(r.Amount)
	}
	began := time.Now()
	rows, err := db.pool.Query(t.Context(), "SELECT stream, sum((data->>'fen')::bigint)::bigint FROM event GROUP BY stream")
	if err != nil {
		t.Fatal(err)
	}
	for rows.Next() {
		var stream string
		var fen int64
		if err := rows.Scan(&stream, &fen); err != nil {
			t.Fatal(err)
		}
		if want[stream] != fen {
			t.Errorf("PostgreSQL says %d of %s, not %d", fen, stream, want[stream])
		}
		delete(want, stream)
	}
	if err := rows.Err(); err != nil || len(want) > 0 {
		t.Errorf("%d allocations are missing (%v)", len(want), err)
	}
	seconds = time.Since(began).Seconds()
	var size, entitlements int64
	if err := db.pool.QueryRow(t.Context(), "SELECT pg_total_relation_size('event'), pg_total_relation_size('entitlement')").Scan(&size, &entitlements); err != nil {
		t.Fatal(err)
	}
	var all int64
	if err := db.pool.QueryRow(t.Context(), "SELECT count(*) FROM entitlement").Scan(&all); err != nil {
		t.Fatal(err)
	}
	return seconds, float64(size)/float64(db.next) + float64(entitlements)/float64(all)
}
