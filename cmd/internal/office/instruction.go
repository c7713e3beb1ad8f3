package office

import (
	"bytes"
	"context"
	"crypto/ed25519"
	"crypto/sha256"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"syscall"
	"time"

	"github.com/google/uuid"

	"reliefledger.org/ledger/cmd/internal/sheets"
	"reliefledger.org/ledger/cmd/internal/words"
	"reliefledger.org/ledger/domain"
	"reliefledger.org/ledger/eventstore"
	"reliefledger.org/ledger/eventstore/ledger"
	"reliefledger.org/ledger/eventstore/vault"
	"reliefledger.org/ledger/eventstore/vault/documents"
)

// Instruction is one thing that somebody wants to be done: an order of the domain,
// or a roster to be imported, with the documents that belong to it. Scripts, flags
// and forms all make one, with typed values in it.
type Instruction struct {
	// As is the name of the command: the same name given twice has one effect. Its id
	// is made from it ([CommandNamed]). Without a name the order has an id of its own.
	As string
	// At is when a simulated ledger records it; zero is where its clock stands. A real
	// ledger takes its own clock.
	At time.Time
	// Order is what is ordered. An order without an actor is given by the first of
	// the keys.
	Order *domain.Order
	// Roster is a roster to be imported with what Order says beside its body; nil for
	// all other instructions.
	Roster *RosterImport

	files []attached
}

// attached is a document that an order names; until it is kept, mark stands in the
// place of its tag.
type attached struct {
	name string
	mark []byte
	read func() ([]byte, error) // nil: the session's files
}

// Attach adds a document to an instruction and returns what stands in the place of
// its tag in the order until [Session.Do] has kept it. read returns the file; nil is
// [Session.Files] by the name.
func (in *Instruction) Attach(name string, read func() ([]byte, error)) (tag []byte) {
	mark := sha256.Sum256(fmt.Appendf(nil, "relief ledger document to be kept: %d %s", len(in.files), uuid.New()))
	in.files = append(in.files, attached{name, mark[:], read})
	return mark[:]
}

// CommandNamed is the id of the command that has a name in a ledger.
func CommandNamed(ledger uuid.UUID, name string) uuid.UUID { return domain.Made(ledger, name) }

// withName gives the order the id that its name makes, else one of its own.
func (in *Instruction) withName(ledger uuid.UUID) {
	switch {
	case in.As != "":
		in.Order.ID = CommandNamed(ledger, in.As)
	case in.Order.ID == uuid.UUID{}:
		in.Order.ID = uuid.New()
	}
}

// Session is somebody at work in an office.
type Session struct {
	*Office
	// Keys sign what is ordered. Of a demonstration KeyOf has the key of each officer
	// instead.
	Keys  []ledger.Signer
	KeyOf func(officer uuid.UUID) (ledger.Signer, bool)
	// Files reads a file that an instruction names; nil: there are none.
	Files func(name string) ([]byte, error)
	// Dry says what would become of each instruction, and leaves nothing anywhere.
	Dry bool
	// Understood is shown each roster, with its errors, before anything is done with
	// it; nil: nobody.
	Understood func(roster *sheets.Roster, dry bool) error
	// Commanded is told of each command and its outcome; nil: nobody.
	Commanded func(name string, repeated bool, err error)
	// Patience is for how long a command whose outcome is unknown is sent again: it
	// has one effect, whatever became of the first. Waiting is told each time, with
	// how long it goes on; nil: nobody.
	Patience time.Duration
	Waiting  func(err error, left time.Duration)
}

// Result is what became of an instruction.
type Result struct {
	Command  uuid.UUID `json:"command"`
	Name     string    `json:"name"`
	Stream   string    `json:"stream"`
	Numbers  []uint64  `json:"numbers,omitempty"`
	Repeated bool      `json:"repeated,omitempty"` // it was done before: nothing was written now
	Would    []string  `json:"would,omitempty"`    // of a dry run: the events
	Roster   *Imported `json:"roster,omitempty"`   // of a roster
	// Position is at or behind what was written: [Reader.View] with it shows that.
	Position eventstore.Position `json:"-"`
}

// Imported is how much of a roster was taken.
type Imported struct {
	Rows int `json:"rows"`
	New  int `json:"new"` // people who were not registered before
}

// Do carries out one instruction, once: what its order seals is gone from it
// afterwards. An error is a refusal or another of those in the table of faults, with
// where it was met.
func (s *Session) Do(ctx context.Context, in *Instruction) (*Result, error) {
	if in.Order == nil {
		in.Order = &domain.Order{}
	}
	in.withName(s.ID())
	if in.Order.Actor == (uuid.UUID{}) {
		if len(s.Keys) == 0 {
			return nil, errNoKey
		}
		in.Order.Actor = s.Keys[0].Officer
	}
	// Before anything is looked up, opened or kept for this order.
	if err := s.mustProve(in.Order); err != nil {
		return nil, err
	}
	if in.Roster != nil {
		return s.importRoster(ctx, in)
	}
	if err := s.keep(ctx, in); err != nil {
		return nil, err
	}
	return s.give(ctx, in)
}

// Give carries out the command of whoever has the first key on a day; as is its
// name, which may be empty.
func (s *Session) Give(ctx context.Context, on domain.Day, as string, body domain.Command) (*Result, error) {
	return s.Do(ctx, &Instruction{As: as, Order: &domain.Order{Date: on, Body: body}})
}

// mustProve refuses an order whose actor proves no key: a name alone is nobody's word,
// and what is done on the way to a decision (names that are compared, documents that are
// kept, keys that are made) would be done for a stranger. In a simulated ledger a name is
// enough. Whoever has a key that is not the actor's is refused by the ledger.
func (s *Session) mustProve(o *domain.Order) error {
	if _, first := o.Body.(*domain.OpenLedger); first || s.Simulated() {
		return nil
	}
	for _, k := range s.keysFor(o) {
		if k.Officer != o.Actor {
			continue
		}
		proves := false
		s.State(func(l *domain.Ledger) {
			key, known := l.KeyOf(o.Actor)
			proves = !known || bytes.Equal(key, k.Key.Public().(ed25519.PublicKey)) // of nobody the domain speaks
		})
		if proves {
			return nil
		}
	}
	return &ledger.Unsigned{Officer: o.Actor, Why: "the order is not signed with this officer's key"}
}

// importer is who imports a roster, who sees what has to be compared on the way to it.
func (s *Session) importer(in *Instruction) *Asker {
	a := &Asker{o: s.Office, officer: in.Order.Actor, did: "import lines"}
	for _, k := range s.keysFor(in.Order) {
		if k.Officer == a.officer {
			a.key = k.Key.Public().(ed25519.PublicKey)
		}
	}
	return a
}

// keysFor are the keys that sign an order.
func (s *Session) keysFor(o *domain.Order) []ledger.Signer {
	if s.KeyOf == nil {
		return s.Keys
	}
	var keys []ledger.Signer
	for _, id := range []uuid.UUID{o.Actor, o.Second} {
		if key, ok := s.KeyOf(id); ok {
			keys = append(keys, key)
		}
	}
	return keys
}

// give signs an order, whose documents are kept, and submits or tries it.
func (s *Session) give(ctx context.Context, in *Instruction) (*Result, error) {
	signed, err := s.sign(ctx, in)
	if err != nil {
		return nil, err
	}
	return s.submit(ctx, in, signed)
}

func (s *Session) sign(ctx context.Context, in *Instruction) (signed *ledger.SignedOrder, err error) {
	o := in.Order
	if s.Dry {
		signed, err = s.ledger.SignToTry(ctx, o, in.At, s.keysFor(o)...)
	} else {
		signed, err = s.ledger.Sign(ctx, o, in.At, s.keysFor(o)...)
	}
	if err != nil {
		err = fmt.Errorf("%s: %w", domain.CommandName(o.Body), err)
	}
	return signed, err
}

// submit carries out a signed order, or says what it would lead to.
func (s *Session) submit(ctx context.Context, in *Instruction, signed *ledger.SignedOrder) (*Result, error) {
	o := in.Order
	name := domain.CommandName(o.Body)
	if s.Dry {
		d, err := s.ledger.Try(signed)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", name, s.nameTaken(in, err))
		}
		out := &Result{Command: o.ID, Name: name, Stream: o.Stream(), Would: []string{}}
		if d == nil {
			out.Repeated, out.Would = true, nil
			return out, nil
		}
		for _, part := range d.Parts {
			for _, e := range part {
				out.Would = append(out.Would, domain.TypeOf(e))
			}
		}
		return out, nil
	}
	if err := s.checkDocuments(ctx, in, signed); err != nil {
		return nil, err
	}
	d, err := s.settle(ctx, signed)
	if s.Commanded != nil {
		s.Commanded(name, d != nil && d.Repeated, err)
	}
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, s.nameTaken(in, err))
	}
	switch o.Body.(type) {
	case *domain.EraseParty, *domain.EraseCase:
		s.shown.clear()
		s.erasing.Store(true)
	case *domain.RestrictParty:
		s.shown.clear()
	}
	out := &Result{Command: d.Command, Name: name, Stream: d.Stream, Numbers: d.Numbers, Repeated: d.Repeated, Position: d.Position}
	if s.rehearses() && !d.Repeated {
		out.Would, out.Numbers = []string{}, nil
		s.State(func(l *domain.Ledger) {
			for _, n := range d.Numbers {
				out.Would = append(out.Would, l.TypeAt(n))
			}
		})
	}
	return out, nil
}

const (
	// firstPause and longestPause bound how long a session waits before it sends a
	// command again: a server that lost its leader has another after some seconds.
	firstPause   = 200 * time.Millisecond
	longestPause = 5 * time.Second
)

// settle submits a signed order, and again while its outcome is unknown, for as long as
// the session has patience. Whatever is answered then is an answer about this command:
// it is there, or is decided anew. But where a first one may still be on its way, only
// that it is there makes the outcome known: one that is refused now could be there
// later.
func (s *Session) settle(ctx context.Context, signed *ledger.SignedOrder) (*ledger.Done, error) {
	end := time.Now().Add(s.Patience)
	var unknown *eventstore.OutcomeUnknown
	for pause := firstPause; ; pause = min(2*pause, longestPause) {
		d, err := s.ledger.Submit(ctx, signed.Prepared, signed.Proof, signed.Second)
		var now *eventstore.OutcomeUnknown
		switch {
		case errors.As(err, &now):
			unknown = now
		case err == nil:
			d.Repeated = d.Repeated && unknown == nil // it was this very command that had been written
			return d, nil
		case unknown == nil:
			return nil, err
		}
		if left := time.Until(end); left > 0 && ctx.Err() == nil && !errors.As(err, new(*eventstore.Poisoned)) {
			if s.Waiting != nil {
				s.Waiting(unknown, left)
			}
			select {
			case <-time.After(min(pause, left)):
				continue
			case <-ctx.Done():
			}
		}
		return nil, unknown
	}
}

// NameTaken says that another command has the name of an instruction.
type NameTaken struct {
	Name    string
	Number  uint64 // of the first event of that command
	Refusal error
}

func (e *NameTaken) Error() string { return e.Say(domain.En) }
func (e *NameTaken) Unwrap() error { return e.Refusal }

// Kind is that of the refusal.
func (e *NameTaken) Kind() Kind { return Refused }

// Say is the sentence in a language.
func (e *NameTaken) Say(l domain.Lang) string {
	return choose(l, fmt.Sprintf("名称“%s”已用于〔%d〕：", e.Name, e.Number), fmt.Sprintf("the name %q is in use for 〔%d〕: ", e.Name, e.Number)) + Sentence(e.Refusal, l)
}

// nameTaken says of a name that another command has that it does.
func (s *Session) nameTaken(in *Instruction, err error) error {
	if in.As == "" || !errors.Is(err, domain.OtherContent) {
		return err
	}
	taken := &NameTaken{Name: in.As, Refusal: err}
	s.State(func(l *domain.Ledger) {
		if e := l.Effect(in.Order.ID); e != nil && len(e.Events) > 0 {
			taken.Number, _ = l.Number(e.Events[0])
		}
	})
	return taken
}

// Documents in orders

// takesDocuments are the commands in which a document may stand.
var takesDocuments = map[string]bool{
	"record-receipt": true, "review-notice": true, "issue-document": true,
	"publish-notice": true, "draft-notice": true, "define-programme": true, "revise-programme": true,
}

// FilesIn reads the files of a folder, those beside a script; no name and no link
// leads out of it.
func FilesIn(dir string) func(name string) ([]byte, error) {
	return func(name string) ([]byte, error) {
		if !filepath.IsLocal(name) {
			return nil, Input(name, "不在命令文件旁边", "not beside the script")
		}
		root, err := os.OpenRoot(dir)
		if err != nil {
			return nil, err
		}
		defer root.Close()
		f, err := root.OpenFile(name, os.O_RDONLY|syscall.O_NONBLOCK, 0)
		if err != nil {
			return nil, err
		}
		defer f.Close()
		return readRegular(f, max(documents.MaxSize, sheets.MaxFile)+1)
	}
}

func (s *Session) file(name string) ([]byte, error) {
	if s.Files == nil {
		return nil, Input(name, "这里没有文件", "no files can be given here")
	}
	return s.Files(name)
}

// readDocument reads a document and refuses one that is not taken.
func (s *Session) readDocument(f attached) (text []byte, err error) {
	if f.read != nil {
		text, err = f.read()
	} else {
		text, err = s.file(f.name)
	}
	if err == nil {
		_, err = documents.Check(text)
	}
	if err != nil {
		return nil, InputErr(f.name, err)
	}
	return text, nil
}

// CheckDocuments refuses documents that would be refused, before anything is done.
func (s *Session) CheckDocuments(in *Instruction) error {
	for _, f := range in.files {
		if _, err := s.readDocument(f); err != nil {
			return err
		}
	}
	return nil
}

// keep keeps the documents of an instruction and puts their tags in their places:
// before the order is signed, so that they are signed too, and before it is
// decided. What a refused order leaves behind no event names; the audit of documents
// counts it.
func (s *Session) keep(ctx context.Context, in *Instruction) error {
	if len(in.files) == 0 {
		return nil
	}
	_, of, ok := domain.SplitStream(in.Order.Stream())
	if !ok {
		return Input(domain.CommandName(in.Order.Body), "没有可放文件的案卷", "no case for its documents")
	}
	var gone error
	s.State(func(l *domain.Ledger) { gone = l.SealingRefused(of) })
	if gone != nil {
		return gone
	}
	for _, f := range in.files {
		text, err := s.readDocument(f)
		if err != nil {
			return err
		}
		var tag []byte
		if s.Dry {
			tag, err = s.documents().Tag(ctx, of, text) // as it was recorded, if it was
			if errors.Is(err, vault.ErrKeyGone) {
				continue // nothing of this case was ever sealed
			}
		} else {
			tag, err = s.documents().Put(ctx, of, text)
		}
		if err != nil {
			return fmt.Errorf("keep %s: %w", f.name, err)
		}
		replace(reflect.ValueOf(in.Order.Body), f.mark, tag)
	}
	return nil
}

// replace puts a tag wherever its mark stands in a command.
func replace(v reflect.Value, mark, tag []byte) {
	switch v.Kind() {
	case reflect.Pointer:
		if !v.IsNil() {
			replace(v.Elem(), mark, tag)
		}
	case reflect.Struct:
		for i := range v.NumField() {
			if v.Type().Field(i).IsExported() {
				replace(v.Field(i), mark, tag)
			}
		}
	case reflect.Slice:
		if v.Type().Elem().Kind() == reflect.Uint8 {
			if v.CanSet() && bytes.Equal(v.Bytes(), mark) {
				v.SetBytes(tag)
			}
			return
		}
		for i := range v.Len() {
			replace(v.Index(i), mark, tag)
		}
	}
}

// checkDocuments refuses a document that is named by a tag and is not there, or is
// another case's: it would count as evidence.
func (s *Session) checkDocuments(ctx context.Context, in *Instruction, signed *ledger.SignedOrder) error {
	name := domain.CommandName(in.Order.Body)
	if !takesDocuments[name] {
		return nil
	}
	d, err := s.ledger.Try(signed)
	if err != nil || d == nil {
		return nil // it is refused, or was done before: Submit says so
	}
	_, of, _ := domain.SplitStream(d.Stream)
	for _, part := range d.Parts {
		for _, e := range part {
			for _, tag := range domain.Documents(e) {
				err := s.documents().Verify(ctx, of, tag)
				if err != nil && s.rehearses() { // it was kept before
					err = s.real.documents().Verify(ctx, of, tag)
				}
				if err != nil {
					return Input(name, "没有这份文件，请用 {\"file\":…} 给出文件（%v）", "there is no such document, give the file with {\"file\":...} (%v)", err)
				}
			}
		}
	}
	return nil
}

// HeadingGaps are the fields that a draft's heading lacks for the list to be
// published: a heading is not changed, and drafting it again costs nothing yet.
func (s *Session) HeadingGaps(in *Instruction) (fields []string) {
	c, ok := in.Order.Body.(*domain.DraftNotice)
	if !ok {
		return nil
	}
	s.State(func(l *domain.Ledger) { fields = l.HeadingGaps(c) })
	return fields
}

// AttachGiven attaches the document that is given apart from an instruction's content,
// in the place that its command has for it; an [InputError] where it has none.
func (in *Instruction) AttachGiven(name string) error {
	tag := in.Attach(name, nil)
	switch body := in.Order.Body.(type) {
	case *domain.RecordReceipt:
		body.Document = tag
	case *domain.ReviewNotice:
		body.File = tag
	case *domain.IssueDocument:
		body.Document.File = tag
	default:
		command := domain.CommandName(in.Order.Body)
		return Input(words.Document.String(), command+"：只用于 issue-document, record-receipt, review-notice", command+": is for issue-document, record-receipt, review-notice")
	}
	return nil
}
