package office

import (
	"context"
	"crypto/ed25519"
	"errors"
	"fmt"
	"time"

	"github.com/google/uuid"

	"reliefledger.org/ledger/cmd/internal/words"
	"reliefledger.org/ledger/domain"
	"reliefledger.org/ledger/eventstore"
	"reliefledger.org/ledger/eventstore/ledger"
)

// NewLedger is what a ledger is opened with.
type NewLedger struct {
	Name       string
	Root       domain.NewUnit
	Registrars []ed25519.PrivateKey // of the first two, who both sign
	Post       string               // as what they are appointed
}

// Begun is a ledger that was opened.
type Begun struct {
	Ledger      uuid.UUID   `json:"ledger"`
	Unit        uuid.UUID   `json:"unit"`
	Registrars  []uuid.UUID `json:"registrars"`
	WrappingKey string      `json:"wrapping_key"`
}

// Begin makes the folder of a ledger and opens it: its root unit and its first two
// registrars. Where the answer to the first event was lost, the same again goes on
// with the folder that is there. The order is judged before a folder is made for it.
func Begin(ctx context.Context, home Home, n NewLedger, opts Options) (_ *Begun, err error) {
	if len(n.Registrars) != 2 {
		return nil, &KeyError{Path: words.Key.String(), Zh: "须给出两名登记员的两把密钥", En: "the keys of two registrars are needed"}
	}
	a, begun := About{Ledger: uuid.New()}, false
	if before, err := home.About(); err == nil {
		a, begun = before, true
	} else if a.WrappingKey, err = home.NewKeyPath(a.Ledger); err != nil {
		return nil, err
	}
	o := &domain.Order{ID: CommandNamed(a.Ledger, "open"), Date: domain.DayOf(time.Now())}
	open := &domain.OpenLedger{Ledger: a.Ledger, Name: n.Name, Root: n.Root}
	var signers []ledger.Signer
	for i, key := range n.Registrars {
		id := domain.Made(o.ID, fmt.Sprintf("officer/%d", i+1))
		open.Registrars = append(open.Registrars, domain.Registree{Officer: id, Key: key.Public().(ed25519.PublicKey), Post: n.Post})
		signers = append(signers, ledger.Signer{Officer: id, Key: key})
	}
	o.Actor, o.Body = signers[0].Officer, open
	if _, err := domain.NewLedger().Decide(o, domain.Env{Now: time.Now(), Calendar: domain.DefaultCalendar()}); err != nil {
		return nil, err
	}
	var office *Office
	if begun {
		office, err = Open(ctx, home, opts)
	} else {
		office, err = Create(ctx, home, a, opts)
	}
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, office.Close()) }()
	if begun && office.Opened() {
		return nil, &eventstore.NotEmpty{Path: home.Data, Found: AboutFile}
	}
	if _, err := office.ledger.Do(ctx, o, signers...); err != nil {
		return nil, err
	}
	return &Begun{a.Ledger, domain.Made(o.ID, "unit"), []uuid.UUID{signers[0].Officer, signers[1].Officer}, a.WrappingKey}, nil
}
