package office_test

import (
	"bytes"
	"os"

	"testing"

	"reliefledger.org/ledger/cmd/internal/office"
	"reliefledger.org/ledger/domain"
)

// Every command is described, each value in a form that people know.
func TestDescribe(t *testing.T) {
	for _, name := range append(domain.CommandNames(), "receipt") {
		var b bytes.Buffer
		if err := office.Describe(&b, name, domain.Zh); err != nil || b.Len() == 0 {
			t.Errorf("%s: %v, %q", name, err, b.String())
		}
	}
	if err := office.Describe(&bytes.Buffer{}, "pay-everybody", domain.Zh); office.KindOf(err) == office.Done {
		t.Error("a command that there is not was described")
	}
}

func ExampleDescribe() {
	office.Describe(os.Stdout, "raise-objection", domain.En)
	// Output:
	// raise-objection
	//   notice: an id or @NAME/thing
	//   lines (optional): a list, each a whole number
	//   objector (optional): an id or @NAME/thing
	//   text (optional): personal text (will be sealed)
}
