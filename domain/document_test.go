package domain

import (
	"reflect"
	"testing"
)

// A backup looks for files only in events of the types that NamesDocuments knows. The
// files of a forgotten type would be missing in it, and nobody would notice.
func TestNamesDocumentsKnowsEveryType(t *testing.T) {
	var tag func(v reflect.Value)
	tag = func(v reflect.Value) {
		switch v.Kind() {
		case reflect.Struct:
			for i := range v.NumField() {
				if v.Type().Field(i).IsExported() {
					tag(v.Field(i))
				}
			}
		case reflect.Pointer:
			tag(v.Elem())
		case reflect.Slice:
			if v.Type().Elem().Kind() == reflect.Uint8 {
				v.Set(reflect.MakeSlice(v.Type(), tagSize, tagSize))
				return
			}
			for i := range v.Len() {
				tag(v.Index(i))
			}
		}
	}
	naming := 0
	for name := range eventTypes {
		e, _ := NewEvent(name)
		v := reflect.ValueOf(e).Elem()
		fill(v)
		tag(v)
		names := len(Documents(e)) > 0
		if names != NamesDocuments(name) {
			t.Errorf("%s names documents: %t, NamesDocuments says %t", name, names, !names)
		}
		if names {
			naming++
		}
	}
	if naming == 0 {
		t.Error("no event names a document")
	}
}
