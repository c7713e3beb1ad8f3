package domain

import (
	"encoding/json"
	"strings"

	"github.com/shopspring/decimal"
)

// Quantity is how much of an item, in thousandths of its unit.
type Quantity int64

// QuantityUnreadable is said of a text that is no quantity.
var QuantityUnreadable = newCode(6, "quantity-unreadable", "看不懂的数量：“{quantity}”（至多三位小数）", "not a quantity of at most three decimals: {quantity}")

// ParseQuantity reads "2,731" or "0.5": at most three decimals.
func ParseQuantity(s string) (Quantity, error) {
	text := strings.TrimSpace(ascii(s))
	rest, negative := strings.CutPrefix(text, "-")
	number, ok := plainNumber(rest)
	if !ok {
		return 0, refuse(QuantityUnreadable, clip(s))
	}
	d, err := decimal.NewFromString(number)
	if err != nil {
		return 0, refuse(QuantityUnreadable, clip(s))
	}
	d = d.Shift(3)
	if !d.IsInteger() || d.GreaterThan(decimal.NewFromInt(MaxFen)) {
		return 0, refuse(QuantityUnreadable, clip(s))
	}
	if q := Quantity(d.IntPart()); negative {
		return -q, nil
	} else {
		return q, nil
	}
}

// Plain writes "2731" or "0.5".
func (q Quantity) Plain() string { return decimal.New(int64(q), -3).String() }

// String writes "2,731" or "0.5".
func (q Quantity) String() string { return commas(q.Plain()) }

// Count is a quantity as a command writes it: JSON text.
type Count Quantity

// Quantity returns the quantity, in thousandths.
func (c Count) Quantity() Quantity { return Quantity(c) }

// MarshalJSON writes JSON text.
func (c Count) MarshalJSON() ([]byte, error) { return json.Marshal(Quantity(c).Plain()) }

// UnmarshalJSON reads JSON text. It refuses a JSON number, which may have been a float.
func (c *Count) UnmarshalJSON(text []byte) error {
	s, err := jsonText(text)
	if err != nil {
		return err
	}
	q, err := ParseQuantity(s)
	*c = Count(q)
	return err
}
