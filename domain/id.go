package domain

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"

	"github.com/google/uuid"
)

// ID names an event, a command, or something that a command made, such as a fund. No
// id comes from personal data.
type ID = uuid.UUID

// Made returns the id of what a command creates: a UUID of version 5 from the
// command's id and a name such as "fund" or "party/17". So a retry of the command
// finds what it made.
func Made(command ID, thing string) ID { return uuid.NewSHA1(command, []byte(thing)) }

// The kinds of streams, the part of a stream's name before its id. The stream
// of the ledger itself is LedgerStream.
const (
	LedgerStream = "ledger"

	UnitKind       = "unit"
	ProgrammeKind  = "programme"
	FundKind       = "fund"
	AllocationKind = "allocation"
	NoticeKind     = "notice"
	CampaignKind   = "campaign"
	PartyKind      = "party"
	OfficerKind    = "officer"
)

// Stream returns the name of a stream from its kind and id: "fund-<id>".
func Stream(kind string, id ID) string { return kind + "-" + id.String() }

// SplitStream takes a stream's name apart; ok says whether it is one of the
// ledger's. The stream of the ledger has no id.
func SplitStream(name string) (kind string, id ID, ok bool) {
	if name == LedgerStream {
		return LedgerStream, ID{}, true
	}
	kind, text, _ := strings.Cut(name, "-")
	id, err := uuid.Parse(text)
	if err != nil || id.String() != text {
		return "", ID{}, false
	}
	switch kind {
	case UnitKind, ProgrammeKind, FundKind, AllocationKind, NoticeKind, CampaignKind, PartyKind, OfficerKind:
		return kind, id, true
	}
	return "", ID{}, false
}

// Sealed is a private value as it stands in an event. Only the vault can open it,
// with the key of the person or case. The domain never does.
type Sealed struct {
	Key ID     `json:"key"`
	Box []byte `json:"box"`
}

// IsZero says whether there is no value.
func (s Sealed) IsZero() bool { return s.Key == ID{} }

// Personal is a value of a command that concerns a person. An officer gives it as
// plain text. [Personal.Seal] puts a sealed value in its place before the command is
// decided.
type Personal struct {
	plain  string
	sealed Sealed
	tag    []byte
}

// Plainly makes a Personal of text that is yet to be sealed.
func Plainly(text string) Personal { return Personal{plain: text} }

// Plain returns the text that is still to be sealed; it is empty afterwards.
func (p Personal) Plain() string { return p.plain }

// Given says whether there is a value, sealed or not.
func (p Personal) Given() bool { return p.plain != "" || !p.sealed.IsZero() }

// Seal replaces the text by its sealed value and its tag. In the text that an officer
// signs, the tag stands for the value (format section 2).
func (p *Personal) Seal(s Sealed, tag []byte) { *p = Personal{sealed: s, tag: tag} }

// IsZero lets an absent value be left out of JSON.
func (p Personal) IsZero() bool { return !p.Given() }

// MarshalJSON writes the tag. A text that is not sealed yet is an error, because it
// would be disclosed.
func (p Personal) MarshalJSON() ([]byte, error) {
	if p.plain != "" {
		return nil, fmt.Errorf("domain: a personal value is not sealed yet")
	}
	if !p.Given() {
		return []byte("null"), nil
	}
	return json.Marshal(map[string]string{"tag": fmt.Sprintf("%x", p.tag)})
}

// UnmarshalJSON reads the plain text of a command.
func (p *Personal) UnmarshalJSON(text []byte) error {
	*p = Personal{}
	if bytes.Equal(text, []byte("null")) {
		return nil
	}
	return json.Unmarshal(text, &p.plain)
}
