// Package words is what sentences to people are made of, whoever shows them: the
// names of the fields that an asker can give, and errors in two languages.
//
// The packages that do the work do not know who asks: a command line has flags, a
// page has boxes. A sentence of theirs names a field, in marks that no name of a
// person or a file has:
//
//	fmt.Sprintf("is there already (%s overwrites it)", words.Force) // (‹force› overwrites it)
//
// and the front that shows the sentence puts its own name there, with [Name].
package words

import (
	"fmt"
	"regexp"

	"reliefledger.org/ledger/domain"
)

// Field is what an asker can give.
type Field string

// The fields.
const (
	AcceptLost   Field = "accept-lost"
	Advertise    Field = "advertise" // the address that clients are told
	Allocation   Field = "allocation"
	AsOf         Field = "as-of"
	Bank         Field = "bank"
	Batch        Field = "batch"
	By           Field = "by"
	Campaign     Field = "campaign"
	Certificate  Field = "tls-certificate"
	Column       Field = "column" // which column of a file means what
	Data         Field = "data"   // the folder of a ledger
	Date         Field = "date"
	Document     Field = "document"
	Force        Field = "force"
	Form         Field = "form" // in which something is paid
	From         Field = "from"
	IDNumber     Field = "id-number"
	Key          Field = "key"
	Metrics      Field = "metrics"
	Notice       Field = "notice"
	Out          Field = "out"
	Role         Field = "role"
	SamePerson   Field = "same-person" // rows of a roster
	Sheet        Field = "sheet"
	Store        Field = "store"
	To           Field = "to"
	Unit         Field = "unit"
	Use          Field = "use"
	Which        Field = "which"
	Why          Field = "why"
	WithVault    Field = "with-vault"
	WrappingKey  Field = "wrapping-key"
	ConfirmErase Field = "confirm-erase" // what is done next, likewise
	LateReturns  Field = "late-returns"
	Listen       Field = "listen"
	Scratch      Field = "scratch"
	Users        Field = "users"
	Writable     Field = "writable"
	PrepareStore Field = "prepare-store" // likewise, by an administrator of the store
)

// Fields are all fields.
func Fields() []Field {
	return []Field{Advertise, Certificate, Listen, Scratch, Users, Writable, AcceptLost, Allocation, AsOf, Bank, Batch, By, Campaign, Column, Data, Date, Document, Force, Form, From, IDNumber, Key,
		Metrics, Notice, Out, Role, SamePerson, Sheet, Store, To, Unit, Use, Which, Why, WithVault, WrappingKey, ConfirmErase, LateReturns, PrepareStore}
}

// String is the field as a sentence names it.
func (f Field) String() string { return "‹" + string(f) + "›" }

// As is the field with what is to be given in it.
func (f Field) As(value string) string { return "‹" + string(f) + " " + value + "›" }

var marked = regexp.MustCompile(`‹([a-z-]+)( [^›\n]*)?›`)

// Name puts a front's own names of fields into a sentence; for a field without one
// it stays as it is.
func Name(sentence string, names map[Field]string) string {
	return marked.ReplaceAllStringFunc(sentence, func(mark string) string {
		part := marked.FindStringSubmatch(mark)
		if name, ok := names[Field(part[1])]; ok {
			return name + part[2]
		}
		return mark
	})
}

// Error is an error with its sentence in each language.
type Error struct{ Zh, En string }

// Errorf returns an [Error]; its sentences are formats of the same args.
func Errorf(zh, en string, args ...any) *Error {
	if len(args) > 0 {
		zh, en = fmt.Sprintf(zh, args...), fmt.Sprintf(en, args...)
	}
	return &Error{zh, en}
}

func (e *Error) Error() string { return e.En }

// Say is the sentence in a language.
func (e *Error) Say(l domain.Lang) string {
	if l == domain.En {
		return e.En
	}
	return e.Zh
}
