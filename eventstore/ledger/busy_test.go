package ledger

import (
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/cockroachdb/pebble/v2/vfs"

	"reliefledger.org/ledger/domain"
	"reliefledger.org/ledger/eventstore/embedded"
)

// Many officers at once want the same yuan: no more goes out than there is, and
// each who was refused is told so with the numbers.
func TestManyAtOnce(t *testing.T) {
	b := open(t, newStore(t), newVault(t))
	for _, a := range story()[:10] {
		if err := b.do(a); err != nil {
			t.Fatal(a.name, err)
		}
	}
	fund := made("fund", "fund") // 1,000.00 yuan
	var taken, refused atomic.Int64
	var wg sync.WaitGroup
	for i := range 40 {
		wg.Go(func() {
			switch err := b.do(act{fmt.Sprint("pass on ", i), "accountant", "2023-01-04", &domain.PassOnFunds{Fund: fund, To: "慈善协会", Amount: 15000}}); {
			case err == nil:
				taken.Add(1)
			case errors.Is(err, domain.NotEnoughMoney):
				refused.Add(1)
			default:
				t.Error(err)
			}
		})
		wg.Go(func() { // and the same command twice at once
			if err := b.do(act{fmt.Sprint("town ", i/2), registrars[0], "2023-01-04", &domain.RegisterUnit{Parent: root, Name: fmt.Sprint("乡", i/2), Division: "41"}}); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	if taken.Load() != 6 || refused.Load() != 34 {
		t.Errorf("%d got 150.00 each of 1,000.00, %d were refused", taken.Load(), refused.Load())
	}
	b.l.View(func(s *domain.Ledger) {
		if left := s.Funds[fund].Left(domain.Money); left != 10000 {
			t.Errorf("left %d", left)
		}
		if n := len(s.Units); n != 2+20 { // the root, the story's town, and twenty
			t.Errorf("%d units", n)
		}
	})
}

// BenchmarkDo is one order: prepared, sealed, signed, decided, synced, folded;
// new persons, from one officer's program and from 64 at once, on the machine's
// disk.
func BenchmarkDo(b *testing.B) {
	for _, callers := range []int{1, 64} {
		b.Run(fmt.Sprintf("callers=%d", callers), func(b *testing.B) {
			store, err := embedded.Create(b.TempDir()+"/ledger", embedded.Options{FS: vfs.Default})
			if err != nil {
				b.Fatal(err)
			}
			defer store.Close()
			x := open(b, store, newVault(b))
			for _, a := range story()[:7] {
				if err := x.do(a); err != nil {
					b.Fatal(a.name, err)
				}
			}
			var n atomic.Int64
			var wg sync.WaitGroup
			b.ResetTimer()
			for range callers {
				wg.Go(func() {
					for i := n.Add(1); i <= int64(b.N); i = n.Add(1) {
						err := x.do(act{fmt.Sprint("person ", b.N, i), "drafter", "2023-01-02", &domain.RegisterParty{Unit: root, Type: domain.Person,
							PersonalDetails: domain.PersonalDetails{Name: domain.Plainly("张三")}}})
						if err != nil {
							b.Error(err)
							return
						}
					}
				})
			}
			wg.Wait()
		})
	}
}
