package papers

import (
	"context"
	"crypto/ed25519"
	"crypto/sha256"
	"errors"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/uuid"

	"reliefledger.org/ledger/cmd/internal/office"
	"reliefledger.org/ledger/domain"
	"reliefledger.org/ledger/eventstore/ledger"
	"reliefledger.org/ledger/projections"
)

// village is a real ledger with one list and four batches: the first paid but for one
// row, the second rejected, the third of goods that were bought, the fourth a batch of
// which nothing was paid. One payment of the first was reversed.
type village struct {
	*office.Office
	keys map[uuid.UUID]ledger.Signer
}

const villageScript = `
{"as":"prog","do":"define-programme","by":"@open/officer/1","date":"2019-01-02","content":{"unit":"@open/unit","name":"春节慰问","terms":{"purposes":["wen"],"forms":["cash","goods"],"retention_years":5,"standards":[{"most":"500"}],"notice":[{"timing":"before","days":3,"mode":"calendar","places":[{"place":"village-board","disclosure":"full"},{"place":"web","disclosure":"masked"}]}]}}}
{"as":"fund","do":"establish-fund","by":"@accountant/officer","date":"2019-01-03","content":{"unit":"@open/unit","name":"慰问资金","earmark":["wen"]}}
{"as":"in","do":"receive-funds","by":"@accountant/officer","date":"2019-01-04","content":{"fund":"@fund/fund","source":{"kind":"treasury","level":"county","name":"县财政"},"number":"财预〔2019〕1号","amount":"2,000"}}
{"as":"alloc","do":"allocate","by":"@accountant/officer","date":"2019-01-04","content":{"fund":"@fund/fund","unit":"@open/unit","programme":"@prog/programme","purpose":"wen","amount":"2,000"}}
{"as":"rice","do":"purchase-goods","by":"@accountant/officer","date":"2019-01-04","content":{"allocation":"@alloc/allocation","item":"大米（袋）","quantity":"2","cost":"120"}}
{"as":"list","do":"draft-notice","by":"@accountant/officer","date":"2019-01-05","content":{"allocation":"@alloc/allocation","heading":{"title":"慰问名单","issuer":"某村","phone":"0372-0000000","how_to":"书面或电话"}}}
{"as":"zhang","do":"register-party","by":"@accountant/officer","date":"2019-01-05","content":{"unit":"@open/unit","type":"person","name":"张三丰","number":"11010519491231002X"}}
{"as":"wang","do":"register-party","by":"@accountant/officer","date":"2019-01-05","content":{"unit":"@open/unit","type":"person","name":"王二","number":"110105194901010021"}}
{"as":"chen","do":"register-party","by":"@accountant/officer","date":"2019-01-05","content":{"unit":"@open/unit","type":"person","name":"陈小小","number":"110105201801010019"}}
{"as":"li","do":"register-party","by":"@accountant/officer","date":"2019-01-05","content":{"unit":"@open/unit","type":"person","name":"李四","number":"110105195002020044"}}
{"as":"zhao","do":"register-party","by":"@accountant/officer","date":"2019-01-05","content":{"unit":"@open/unit","type":"person","name":"赵五","number":"110105195103030057"}}
{"as":"lines","do":"add-lines","by":"@accountant/officer","date":"2019-01-05","content":{"notice":"@list/notice","rows":[{"beneficiary":"@zhang/party","give":[{"form":"cash","amount":"260"},{"form":"goods","items":[{"item":"大米（袋）","quantity":"1"}]}]},{"beneficiary":"@wang/party","give":[{"form":"cash","amount":"260"}]},{"beneficiary":"@chen/party","give":[{"form":"cash","amount":"260"}]},{"beneficiary":"@li/party","give":[{"form":"cash","amount":"260"}]},{"beneficiary":"@zhao/party","give":[{"form":"cash","amount":"260"}]}]}}
{"as":"review","do":"review-notice","by":"@approver/officer","date":"2019-01-06","content":{"notice":"@list/notice","meeting":"村民会议"}}
{"as":"publish","do":"publish-notice","by":"@approver/officer","date":"2019-01-07","content":{"notice":"@list/notice","timing":"before","places":[{"place":"village-board","on":"2019-01-07","disclosure":"full"},{"place":"web","on":"2019-01-07","disclosure":"masked"}]}}
{"as":"confirm","do":"confirm-notice","by":"@approver/officer","date":"2019-01-11","content":{"notice":"@list/notice"}}
{"as":"one","do":"prepare-batch","by":"@accountant/officer","date":"2019-01-12","content":{"allocation":"@alloc/allocation","form":"cash","rows":[{"line":1},{"line":2},{"line":3},{"line":4}]}}
{"as":"two","do":"prepare-batch","by":"@accountant/officer","date":"2019-01-12","content":{"allocation":"@alloc/allocation","form":"cash","rows":[{"line":5}]}}
{"as":"no","do":"reject-batch","by":"@approver/officer","date":"2019-01-12","content":{"allocation":"@alloc/allocation","batch":2}}
{"as":"three","do":"prepare-batch","by":"@accountant/officer","date":"2019-01-12","content":{"allocation":"@alloc/allocation","form":"goods","rows":[{"line":1}]}}
{"as":"four","do":"prepare-batch","by":"@accountant/officer","date":"2019-01-12","content":{"allocation":"@alloc/allocation","form":"cash","rows":[{"line":5}]}}
{"as":"ok1","do":"approve-batch","by":"@approver/officer","date":"2019-01-13","content":{"allocation":"@alloc/allocation","batch":1}}
{"as":"ok3","do":"approve-batch","by":"@approver/officer","date":"2019-01-13","content":{"allocation":"@alloc/allocation","batch":3}}
{"as":"ok4","do":"approve-batch","by":"@approver/officer","date":"2019-01-13","content":{"allocation":"@alloc/allocation","batch":4}}
{"as":"pay1","do":"pay-batch","by":"@approver/officer","date":"2019-01-14","content":{"allocation":"@alloc/allocation","batch":1,"not_paid":[{"row":4,"code":"absent"}]}}
{"as":"pay3","do":"pay-batch","by":"@approver/officer","date":"2019-01-14","content":{"allocation":"@alloc/allocation","batch":3}}
{"as":"pay4","do":"pay-batch","by":"@approver/officer","date":"2019-01-14","content":{"allocation":"@alloc/allocation","batch":4,"not_paid":[{"row":1,"code":"absent"}]}}
{"as":"wrong","do":"reverse-entry","by":"@accountant/officer","date":"2019-01-15","content":{"allocation":"@alloc/allocation","entry":{"command":"@pay1","row":3}}}
`

// openVillage makes the ledger in a folder.
func openVillage(ctx context.Context, dir string) (_ *village, err error) {
	home := office.Home{Data: filepath.Join(dir, "ledger"), WrappingKey: filepath.Join(dir, "wrapping-key")}
	begun, err := office.Begin(ctx, home, office.NewLedger{Name: "某村账簿", Root: domain.NewUnit{Name: "某村", Kind: "village", Division: "410527"},
		Registrars: []ed25519.PrivateKey{keyOf("first"), keyOf("second")}, Post: "登记员"}, office.Options{})
	if err != nil {
		return nil, err
	}
	o, err := office.Open(ctx, home, office.Options{})
	if err != nil {
		return nil, err
	}
	v := &village{o, map[uuid.UUID]ledger.Signer{}}
	defer func() {
		if err != nil {
			err = errors.Join(err, o.Close())
		}
	}()
	v.keys[begun.Registrars[0]] = ledger.Signer{Officer: begun.Registrars[0], Key: keyOf("first")}
	for _, x := range []struct {
		name, post string
		roles      []domain.Role
	}{
		{"accountant", "会计", []domain.Role{domain.Accountant, domain.Drafter}},
		{"approver", "复核", []domain.Role{domain.Approver, domain.Reviewer, domain.Cashier}},
		{"privacy", "隐私专员", []domain.Role{domain.PrivacyOfficer}},
	} {
		appoint := &domain.AppointOfficer{Unit: begun.Unit, Post: x.post, Key: keyOf(x.name).Public().(ed25519.PublicKey), Roles: x.roles}
		if _, err := v.session().Do(ctx, &office.Instruction{As: x.name, Order: &domain.Order{Actor: begun.Registrars[0], Date: domain.Date(2019, 1, 2), Body: appoint}}); err != nil {
			return nil, err
		}
		id := v.made(x.name, "officer")
		v.keys[id] = ledger.Signer{Officer: id, Key: keyOf(x.name)}
	}
	return v, v.give(ctx, villageScript)
}

func keyOf(name string) ed25519.PrivateKey {
	seed := sha256.Sum256([]byte(name))
	return ed25519.NewKeyFromSeed(seed[:])
}

// made is the id of what a command of the script made.
func (v *village) made(name, thing string) domain.ID {
	return domain.Made(office.CommandNamed(v.ID(), name), thing)
}

func (v *village) session() *office.Session {
	return &office.Session{Office: v.Office, KeyOf: func(id uuid.UUID) (ledger.Signer, bool) {
		key, ok := v.keys[id]
		return key, ok
	}}
}

// give carries out the lines of a script.
func (v *village) give(ctx context.Context, script string) error {
	return v.Lines().ReadAll(strings.NewReader(script), "script", func(in *office.Instruction, _ string) error {
		_, err := v.session().Do(ctx, in)
		return err
	})
}

// asker is an officer of the village by name, or anybody.
func (v *village) asker(name string) *office.Asker {
	if key, ok := v.keys[v.made(name, "officer")]; ok {
		return v.Asker("print", "", key)
	}
	return v.Asker("print", "")
}

// number is that of the event which a command, or a row of it, led to.
func (v *village) number(command string, row int) (n uint64) {
	v.State(func(s *domain.Ledger) {
		id, _ := s.Find(domain.Ref{Command: office.CommandNamed(s.ID, command), Row: row})
		n, _ = s.Number(id)
	})
	return n
}

// last is the number of the last event.
func (v *village) last() (n uint64) {
	v.State(func(s *domain.Ledger) { n = s.Count - 1 })
	return n
}

// batch names a batch of the village.
func (v *village) batch(no int) office.BatchNamed {
	return office.BatchNamed{Allocation: v.made("alloc", "allocation").String(), No: no}
}

// newVillage is the village of a test.
func newVillage(t *testing.T) *village {
	t.Helper()
	v, err := openVillage(t.Context(), t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := v.Close(); err != nil {
			t.Error(err)
		}
	})
	return v
}

// books are those as of an event, or of now.
func (v *village) books(t *testing.T, asOf ...uint64) *projections.Books {
	t.Helper()
	until := projections.Until{}
	if len(asOf) > 0 {
		until.Number = &asOf[0]
	}
	b, err := v.BooksFromEvents(t.Context(), until)
	if err != nil {
		t.Fatal(err)
	}
	return b
}
