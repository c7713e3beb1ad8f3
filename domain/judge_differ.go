package domain

import (
	"bytes"
	"encoding/json"
	"fmt"
	"reflect"
	"strings"
	"time"
)

// difference is the first field in which a stored event is not what the rules make
// it, and both values as people read them. Values of `private` are not shown.
type difference struct{ field, have, want string }

// differ compares two events of one type, field by field, with the private ones. Of
// sealed values it compares only whether there is one; a stored one must be sealed
// under the given key.
func differ(have, want Event, key ID) (difference, bool) {
	c := comparison{key: key}
	same := c.same(reflect.ValueOf(have).Elem(), reflect.ValueOf(want).Elem())
	return c.difference, same
}

// sameFast compares payments, the most frequent events, without reflection. If it
// returns false, differ must still compare them: it may be wrong then.
func (e *DisbursementMade) sameFast(w *DisbursementMade) bool {
	if e.Batch != w.Batch || e.Row != w.Row || e.Line != w.Line || e.Entitlement != w.Entitlement || e.Form != w.Form || e.Fen != w.Fen ||
		e.Again != w.Again || e.Voucher != w.Voucher || e.HandedBy != w.HandedBy || len(e.Items) != len(w.Items) || len(e.Draws) != len(w.Draws) ||
		e.Date != w.Date || e.DoneBy != w.DoneBy || e.Campaign != w.Campaign || e.Replaces != w.Replaces ||
		len(e.Irregular)+len(w.Irregular)+len(e.Reasons)+len(w.Reasons) > 0 ||
		(e.Happened == nil) != (w.Happened == nil) || e.Happened != nil && *e.Happened != *w.Happened {
		return false
	}
	for i := range e.Items {
		if e.Items[i] != w.Items[i] {
			return false
		}
	}
	for i := range e.Draws {
		if e.Draws[i] != w.Draws[i] {
			return false
		}
	}
	return true
}

type comparison struct {
	key        ID
	path       []string
	difference difference
}

var (
	sealedType = reflect.TypeFor[Sealed]()
	timeType   = reflect.TypeFor[time.Time]()
)

func (c *comparison) same(have, want reflect.Value) bool {
	switch have.Type() {
	case sealedType:
		return c.sameSealed(have.Addr().Interface().(*Sealed), want.Addr().Interface().(*Sealed))
	case timeType:
		return have.Interface().(time.Time).Equal(want.Interface().(time.Time)) || c.differs(have, want)
	}
	switch have.Kind() {
	case reflect.Struct:
		t := have.Type()
		for i := range t.NumField() {
			f := t.Field(i)
			if !f.IsExported() {
				continue
			}
			c.push(f)
			if !c.same(have.Field(i), want.Field(i)) {
				return false
			}
			c.path = c.path[:len(c.path)-1]
		}
		return true
	case reflect.Pointer:
		if have.IsNil() || want.IsNil() {
			return have.IsNil() == want.IsNil() || c.differs(have, want)
		}
		return c.same(have.Elem(), want.Elem())
	case reflect.Slice, reflect.Array:
		if have.Type().Elem().Kind() == reflect.Uint8 {
			return bytes.Equal(have.Bytes(), want.Bytes()) || c.differs(have, want)
		}
		if have.Len() != want.Len() {
			return c.differs(have, want)
		}
		for i := range have.Len() {
			if !c.same(have.Index(i), want.Index(i)) {
				return false
			}
		}
		return true
	case reflect.String:
		return have.String() == want.String() || c.differs(have, want)
	case reflect.Bool:
		return have.Bool() == want.Bool() || c.differs(have, want)
	}
	return have.Int() == want.Int() || c.differs(have, want)
}

// push adds the JSON name of a field to the path.
func (c *comparison) push(f reflect.StructField) {
	name, _, _ := strings.Cut(f.Tag.Get("json"), ",")
	switch {
	case f.Name == "Private" || f.Name == "Reasons":
		name = "private"
	case f.Anonymous:
		name = ""
	}
	c.path = append(c.path, name)
}

// sameSealed compares two sealed values as far as that is possible without the key:
// whether there is one, and whether the stored one is sealed under the right key.
func (c *comparison) sameSealed(have, want *Sealed) bool {
	if have.IsZero() == want.IsZero() && (have.IsZero() && len(have.Box) == 0 || have.Key == c.key && len(have.Box) > 0) {
		return true
	}
	return c.hidden("private")
}

// differs keeps the difference, and returns false.
func (c *comparison) differs(have, want reflect.Value) bool {
	var names []string
	for _, name := range c.path {
		if name == "private" {
			return c.hidden("private")
		}
		if name != "" && name != "-" {
			names = append(names, name)
		}
	}
	c.difference = difference{strings.Join(names, "."), sayValue(have), sayValue(want)}
	return false
}

// hidden keeps a difference whose values must not be shown, and returns false.
func (c *comparison) hidden(field string) bool {
	c.difference = difference{field, "…", "…"}
	return false
}

func sayValue(v reflect.Value) string {
	if s, ok := v.Interface().(fmt.Stringer); ok && (v.Kind() != reflect.Pointer || !v.IsNil()) {
		return s.String()
	}
	text, err := json.Marshal(v.Interface())
	if err != nil {
		return "?"
	}
	return clip(string(text))
}
