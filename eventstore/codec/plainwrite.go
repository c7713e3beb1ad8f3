package codec

import (
	"encoding/base64"
	"encoding/hex"
	"strconv"
	"time"

	"github.com/google/uuid"

	"reliefledger.org/ledger/domain"
)

// appendPlainMetadata writes metadata as the encoder does; false leaves it to
// the encoder.
func appendPlainMetadata(b []byte, w *wire) ([]byte, bool) {
	t := time.Time(w.Recorded).UTC()
	if y := t.Year(); y < 1900 || y > 2999 || len(w.Salt) == 0 || w.Second != nil || w.Schema < 0 || w.Saw >= 1<<53 {
		return b, false
	}
	b = append(b, `{"recorded":"`...)
	b = t.AppendFormat(b, timeFormat)
	b = append(b, `","schema":`...)
	b = strconv.AppendInt(b, int64(w.Schema), 10)
	b = appendBase64(append(b, `,"salt":`...), w.Salt)
	if w.Cause != (uuid.UUID{}) {
		b = appendID(append(b, `,"cause":`...), w.Cause)
	}
	if w.Actor != (uuid.UUID{}) {
		b = appendID(append(b, `,"actor":`...), w.Actor)
	}
	if w.Role != "" {
		for _, c := range []byte(w.Role) {
			if c < 'a' || c > 'z' {
				return b, false
			}
		}
		b = append(append(append(b, `,"role":"`...), w.Role...), '"')
	}
	if c := w.Command; c != nil {
		if len(c.Digest) == 0 {
			return b, false
		}
		b = appendID(append(b, `,"command":{"id":`...), c.ID)
		b = appendBase64(append(b, `,"digest":`...), c.Digest)
		if len(c.Key) > 0 {
			b = appendBase64(append(b, `,"key":`...), c.Key)
		}
		if len(c.Signature) > 0 {
			b = appendBase64(append(b, `,"signature":`...), c.Signature)
		}
		b = append(b, '}')
	}
	if w.Saw != 0 {
		b = strconv.AppendUint(append(b, `,"saw":`...), w.Saw, 10)
	}
	return append(b, '}'), true
}

// appendPlainPayment writes the open part of a DisbursementMade as the encoder
// does; false leaves it to the encoder.
func appendPlainPayment(b []byte, e *domain.DisbursementMade) ([]byte, bool) {
	if e.Happened != nil || e.DoneBy != (uuid.UUID{}) || e.Replaces != (uuid.UUID{}) || e.Irregular != nil || e.Date == 0 ||
		e.Line != 0 || e.Entitlement != 0 || e.Form != "" || e.Items != nil || e.Again != (uuid.UUID{}) || e.Voucher != "" || e.HandedBy != (uuid.UUID{}) || e.Draws == nil {
		return b, false
	}
	b = append(append(append(b, `{"date":"`...), e.Date.String()...), '"')
	if e.Campaign != (uuid.UUID{}) {
		b = appendID(append(b, `,"campaign":`...), e.Campaign)
	}
	if e.Batch != 0 {
		b = strconv.AppendInt(append(b, `,"batch":`...), int64(e.Batch), 10)
	}
	if e.Row != 0 {
		b = strconv.AppendInt(append(b, `,"row":`...), int64(e.Row), 10)
	}
	if e.Fen != 0 {
		b = strconv.AppendInt(append(b, `,"fen":`...), int64(e.Fen), 10)
	}
	b = append(b, `,"draws":[`...)
	for i, d := range e.Draws {
		if i > 0 {
			b = append(b, ',')
		}
		b = d.Append(b)
	}
	return append(b, `]}`...), true
}

func appendID(b []byte, id uuid.UUID) []byte {
	b = append(b, '"')
	for i, part := range [][]byte{id[:4], id[4:6], id[6:8], id[8:10], id[10:]} {
		if i > 0 {
			b = append(b, '-')
		}
		b = hex.AppendEncode(b, part)
	}
	return append(b, '"')
}

func appendBase64(b, raw []byte) []byte {
	b = append(b, '"')
	b = base64.StdEncoding.AppendEncode(b, raw)
	return append(b, '"')
}
