package office_test

import (
	"context"
	"crypto/ed25519"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"reliefledger.org/ledger/cmd/internal/office"
	"reliefledger.org/ledger/domain"
)

// Two registrars open a ledger; one of them registers a township, and what the rules
// refuse is said to a person.
func Example() {
	dir, err := os.MkdirTemp("", "office-example-")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer os.RemoveAll(dir)
	if err := example(context.Background(), dir); err != nil {
		fmt.Println(office.Sentence(err, domain.Zh)) // and exit with office.KindOf(err).Exit()
	}
	// Output:
	// [8] false
	// [8] true
	// refused 422
}

func example(ctx context.Context, dir string) (err error) {
	var keys []ed25519.PrivateKey
	for _, name := range []string{"a.key", "b.key"} {
		_, key, err := ed25519.GenerateKey(nil)
		if err != nil {
			return err
		}
		if err := office.WriteKey(filepath.Join(dir, name), key); err != nil {
			return err
		}
		keys = append(keys, key)
	}
	home := office.Home{Data: filepath.Join(dir, "ledger"), WrappingKey: filepath.Join(dir, "wrapping-key")}
	if _, err := office.Begin(ctx, home, office.NewLedger{Name: "测试县账簿", Post: "登记员", Registrars: keys,
		Root: domain.NewUnit{Name: "测试县民政局", Kind: "bureau", Division: "410527"}}, office.Options{}); err != nil {
		return err
	}

	o, err := office.Open(ctx, home, office.Options{})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, o.Close()) }()
	signers, err := o.Signers(filepath.Join(dir, "a.key"))
	if err != nil {
		return err
	}
	s := &office.Session{Office: o, Keys: signers}
	bureau, err := s.Find(domain.UnitKind, "测试县民政局")
	if err != nil {
		return err
	}
	for range 2 { // sent twice it has one effect
		done, err := s.Give(ctx, domain.Date(2026, 1, 5), "town", &domain.RegisterUnit{Parent: bureau, Name: "一乡", Kind: "township", Division: "410527"})
		if err != nil {
			return err
		}
		fmt.Println(done.Numbers, done.Repeated)
	}
	_, err = s.Give(ctx, domain.Date(2026, 1, 5), "fund", &domain.EstablishFund{Unit: bureau, Name: "慰问资金", Earmark: []string{"weiwen"}})
	if office.KindOf(err) != office.Refused {
		return fmt.Errorf("a registrar keeps accounts: %w", err)
	}
	fmt.Println("refused", office.Status(err))
	return nil
}
