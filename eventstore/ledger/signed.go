package ledger

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"reflect"

	jsonv2 "github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
	"github.com/google/uuid"

	"reliefledger.org/ledger/domain"
	"reliefledger.org/ledger/eventstore/codec"
)

// somewhere stands for the key of a sealed value in an order that was read back: the
// text has only its tag; the value itself is in the event.
var somewhere = uuid.UUID{0: 1}

// ReadSigned reads back what officers signed. A text is wrong if it is not RFC 8785
// JSON as [Ledger.Prepare] writes it, or has a field that no order has.
func ReadSigned(text codec.Signed) *domain.Text {
	t := &domain.Text{Digest: sha256.Sum256([]byte(text))}
	if err := readSigned([]byte(text), t); err != nil {
		t.Wrong = err.Error()
	}
	return t
}

func readSigned(text []byte, t *domain.Text) error {
	canonical := jsontext.Value(bytes.Clone(text))
	if err := canonical.Canonicalize(); err != nil {
		return err
	}
	if !bytes.Equal(canonical, text) {
		return fmt.Errorf("it is not RFC 8785 JSON")
	}
	var in struct {
		Format  string         `json:"format"`
		Ledger  uuid.UUID      `json:"ledger"`
		Command string         `json:"command"`
		Order   domain.Order   `json:"order"`
		Content jsontext.Value `json:"content"`
	}
	read := jsonv2.WithUnmarshalers(jsonv2.JoinUnmarshalers(
		jsonv2.UnmarshalFromFunc(readTag),
		jsonv2.UnmarshalFromFunc(func(d *jsontext.Decoder, _ *[]domain.LineRow) error { return readList(d, t) }),
		jsonv2.UnmarshalFromFunc(func(d *jsontext.Decoder, _ *[]domain.RowToPay) error { return readList(d, t) })))
	if err := jsonv2.Unmarshal(text, &in, jsonv2.RejectUnknownMembers(true), read); err != nil {
		return err
	}
	body, known := domain.NewCommand(in.Command)
	switch {
	case in.Format != commandFormat:
		return fmt.Errorf("its format is %.40q", in.Format)
	case !known:
		return fmt.Errorf("no command %.40q", in.Command)
	}
	if err := jsonv2.Unmarshal(in.Content, body, jsonv2.RejectUnknownMembers(true), read); err != nil {
		return err
	}
	in.Order.Body = body
	t.Ledger, t.Order = in.Ledger, &in.Order
	return nil
}

func readTag(d *jsontext.Decoder, p *domain.Personal) error {
	var tag *struct {
		Tag string `json:"tag"`
	}
	if err := jsonv2.UnmarshalDecode(d, &tag, jsonv2.RejectUnknownMembers(true)); err != nil || tag == nil {
		return err
	}
	raw, err := hex.DecodeString(tag.Tag)
	p.Seal(domain.Sealed{Key: somewhere}, raw)
	return err
}

func readList(d *jsontext.Decoder, t *domain.Text) error {
	var list struct {
		Count int    `json:"count"`
		Sum   string `json:"sha256"`
	}
	if err := jsonv2.UnmarshalDecode(d, &list, jsonv2.RejectUnknownMembers(true)); err != nil {
		return err
	}
	t.List = &domain.ListSigned{Count: list.Count, Sum: list.Sum}
	return nil
}

// SumRows is what a signed text has in place of a list of rows.
func SumRows(rows any) (domain.ListSigned, error) {
	text, err := json.Marshal(rows)
	if err != nil {
		return domain.ListSigned{}, err
	}
	canonical := jsontext.Value(text)
	if err := canonical.Canonicalize(); err != nil {
		return domain.ListSigned{}, err
	}
	return domain.ListSigned{Count: reflect.ValueOf(rows).Len(), Sum: fmt.Sprintf("%x", sha256.Sum256(canonical))}, nil
}
