package ledger

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"strings"
	"time"

	"github.com/google/uuid"
	"github.com/gowebpki/jcs"

	"reliefledger.org/ledger/domain"
	"reliefledger.org/ledger/eventstore/codec"
	"reliefledger.org/ledger/eventstore/vault"
)

// Prepared is an order whose personal values are sealed, ready to be signed.
type Prepared struct {
	Order  *domain.Order
	Digest [32]byte
	Text   string // that the officers sign, by its digest; it is stored with the first event
	At     time.Time

	checked map[uuid.UUID]string // officers whose signature was found right, with the key

	number  string // a valid id number in plain, to be claimed
	account string
}

// commandFormat stands first in every signed text, so that no signature for a
// ledger can be taken for a signature of something else, nor the other way round.
const commandFormat = "reliefledger command 1"

// sealer seals and tags personal values: the vault, or a [vault.Trial], which
// leaves no key behind.
type sealer interface {
	EnsureKeys(ctx context.Context, ids ...uuid.UUID) error
	Seal(ctx context.Context, key uuid.UUID, b vault.Binding, plain, nonce []byte) ([]byte, error)
	Tag(ctx context.Context, key uuid.UUID, field, value string) ([]byte, error)
}

// Prepare seals the personal values of an order in place and computes what its
// officers sign (format section 2). Their keys are durable when it returns. An
// order is prepared once: its plain text is gone afterwards.
func (l *Ledger) Prepare(ctx context.Context, o *domain.Order) (*Prepared, error) {
	return l.prepare(ctx, o, l.vault)
}

func (l *Ledger) prepare(ctx context.Context, o *domain.Order, keys sealer) (*Prepared, error) {
	if o.ID == (uuid.UUID{}) {
		o.ID = uuid.New()
	}
	p := &Prepared{Order: o}
	stream := o.Stream()
	_, key, ok := domain.SplitStream(stream)
	if !ok {
		return nil, fmt.Errorf("prepare %s: no stream %q", domain.CommandName(o.Body), stream)
	}
	if key == (uuid.UUID{}) {
		key = o.ID
	}
	var gone error
	l.View(func(s *domain.Ledger) { gone = s.SealingRefused(key) })
	if gone != nil && len(personal(o)) > 0 {
		return nil, gone // who was erased gets no new key
	}
	if err := p.identify(o); err != nil {
		return nil, err
	}
	if p.account != "" {
		// The account's id is part of the signed text. It is claimed only once the
		// order is decided, so that an order which is refused leaves nothing behind.
		id, known, err := l.vault.AccountOf(ctx, p.account)
		if err != nil {
			return nil, err
		}
		if !known {
			id = domain.Made(o.ID, "account")
		}
		details(o.Body).AccountID = id
	}
	fields := personal(o)
	for _, f := range fields {
		if f.value.Plain() == "" {
			return nil, fmt.Errorf("prepare %s: %s: %w", domain.CommandName(o.Body), f.path, ErrPrepared)
		}
	}
	if len(fields) > 0 {
		if err := keys.EnsureKeys(ctx, key); err != nil {
			return nil, err
		}
	}
	for _, f := range fields {
		nonce := make([]byte, vault.NonceSize)
		rand.Read(nonce)
		plain := f.value.Plain()
		box, err := keys.Seal(ctx, key, vault.Binding{Stream: stream, Command: o.ID, Path: f.path, Schema: codec.Schema}, []byte(plain), nonce)
		if err != nil {
			return nil, fmt.Errorf("seal %s: %w", f.path, err)
		}
		tag, err := keys.Tag(ctx, key, f.path, plain)
		if err != nil {
			return nil, fmt.Errorf("tag %s: %w", f.path, err)
		}
		f.value.Seal(domain.Sealed{Key: key, Box: box}, tag)
	}
	var ledger uuid.UUID
	if open, first := o.Body.(*domain.OpenLedger); first {
		ledger = open.Ledger
	} else {
		l.View(func(s *domain.Ledger) { ledger = s.ID })
	}
	text, err := signedText(ledger, o)
	if err != nil {
		return nil, fmt.Errorf("prepare %s: %w", domain.CommandName(o.Body), err)
	}
	p.Text, p.Digest = text, sha256.Sum256([]byte(text))
	return p, nil
}

// signedText is RFC 8785 JSON of everything that an officer answers for. In place
// of a list of rows it has the number of rows and their hash, so that it stays
// short.
func signedText(ledger uuid.UUID, o *domain.Order) (string, error) {
	body, err := json.Marshal(o.Body)
	if err != nil {
		return "", err
	}
	var content map[string]json.RawMessage
	if err := json.Unmarshal(body, &content); err != nil {
		return "", err
	}
	if rows, ok := content["rows"]; ok {
		canonical, err := jcs.Transform(rows)
		if err != nil {
			return "", err
		}
		var list []json.RawMessage
		if err := json.Unmarshal(rows, &list); err != nil {
			return "", err
		}
		content["rows"] = fmt.Appendf(nil, `{"count":%d,"sha256":"%x"}`, len(list), sha256.Sum256(canonical))
	}
	text, err := json.Marshal(struct {
		Format  string                     `json:"format"`
		Ledger  uuid.UUID                  `json:"ledger"`
		Name    string                     `json:"command"`
		Order   *domain.Order              `json:"order"`
		Content map[string]json.RawMessage `json:"content"`
	}{commandFormat, ledger, domain.CommandName(o.Body), o, content})
	if err != nil {
		return "", err
	}
	canonical, err := jcs.Transform(text)
	return string(canonical), err
}

// details returns the personal details that a command carries, if it does.
func details(c domain.Command) *domain.PersonalDetails {
	switch c := c.(type) {
	case *domain.RegisterParty:
		return &c.PersonalDetails
	case *domain.CorrectParty:
		return &c.PersonalDetails
	case *domain.IdentifyParty:
		return &c.PersonalDetails
	}
	return nil
}

// identify brings the id number and the account of a party to their normal form. It
// checks them, and marks a minor, because later only sealed values are left.
func (p *Prepared) identify(o *domain.Order) error {
	d := details(o.Body)
	if d == nil {
		return nil
	}
	if text := d.Number.Plain(); text != "" {
		normal, _, err := domain.ResidentNumber(text)
		if r, institution := o.Body.(*domain.RegisterParty); institution && r.Type == domain.Institution {
			normal, err = domain.CreditCode(text)
		}
		if err != nil {
			return err
		}
		d.Number = domain.Plainly(normal)
		d.Numbered, p.number = true, normal
		if born := domain.BirthDay(normal); born != 0 && o.Date.Year()-born.Year() < 15 {
			// Under 14, or so near it that one might be named too early.
			d.Minor = true
		}
	}
	if text := d.Account.Plain(); text != "" {
		normal, _, err := domain.BankAccount(text)
		if err != nil {
			return err
		}
		d.Account = domain.Plainly(normal)
		p.account = normal
	}
	return nil
}

// field is a personal value of an order and its path there.
type field struct {
	path  string
	value *domain.Personal
}

// ErrPrepared says that an order was prepared before: its plain text is gone, and what
// was sealed may be under keys that are gone too. Whoever wants to give it again makes it
// anew.
var ErrPrepared = errors.New("the order was prepared before: make it anew")

// personal returns the personal values of an order.
func personal(o *domain.Order) []field {
	var found []field
	walk(reflect.ValueOf(&o.Irregular).Elem(), "irregular", &found)
	walk(reflect.ValueOf(o.Body).Elem(), "", &found)
	return found
}

var personalType = reflect.TypeFor[domain.Personal]()

// walk finds personal values, sealed or not.
func walk(v reflect.Value, path string, found *[]field) {
	switch {
	case v.Type() == personalType:
		if p := v.Addr().Interface().(*domain.Personal); p.Given() {
			*found = append(*found, field{path, p})
		}
	case v.Kind() == reflect.Struct:
		for i := range v.NumField() {
			f := v.Type().Field(i)
			if !f.IsExported() {
				continue
			}
			name, _, _ := strings.Cut(f.Tag.Get("json"), ",")
			switch {
			case f.Anonymous:
				name = path
			case path != "":
				name = path + "." + name
			}
			walk(v.Field(i), name, found)
		}
	case v.Kind() == reflect.Slice:
		if k := v.Type().Elem().Kind(); k != reflect.Struct {
			return
		}
		for i := range v.Len() {
			walk(v.Index(i), fmt.Sprintf("%s.%d", path, i), found)
		}
	case v.Kind() == reflect.Pointer && !v.IsNil():
		walk(v.Elem(), path, found)
	}
}
