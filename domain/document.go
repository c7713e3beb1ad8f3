package domain

// Documents are kept beside the ledger (eventstore/vault/documents). An event names
// one by its tag: 32 bytes that tell nothing without the key of the case.

const tagSize = 32

// checkTag refuses what is no tag. An empty field is allowed.
func checkTag(field string, tag []byte) error {
	if len(tag) != 0 && len(tag) != tagSize {
		return refuse(FieldWrong, field, len(tag))
	}
	return nil
}

// checkTags refuses a list with a document whose file is no tag.
func checkTags(field string, list []Document) error {
	for _, d := range list {
		if err := checkTag(field, d.File); err != nil {
			return err
		}
	}
	return nil
}

// Documents returns the tags of the files that an event names. The files belong to
// the case of the event's stream.
func Documents(e Event) [][]byte {
	var tags [][]byte
	add := func(list ...[]byte) {
		for _, tag := range list {
			if len(tag) == tagSize {
				tags = append(tags, tag)
			}
		}
	}
	basis := func(list []Document) {
		for _, d := range list {
			add(d.File)
		}
	}
	switch e := e.(type) {
	case *ReceiptRecorded:
		add(e.Document)
	case *NoticeReviewed:
		add(e.File)
	case *NoticePublished:
		for _, p := range e.Places {
			add(p.Picture)
		}
	case *NoticeDrafted:
		basis(e.Heading.Basis)
	case *DocumentIssued:
		add(e.Document.File)
	case *ProgrammeDefined:
		basis(e.Terms.Basis)
	case *ProgrammeRevised:
		basis(e.Terms.Basis)
	}
	return tags
}

// NamesDocuments reports whether events of a type can name files. A search for the
// files of a whole ledger need not decode the other types.
func NamesDocuments(name string) bool {
	switch name {
	case "ReceiptRecorded", "NoticeReviewed", "NoticePublished", "NoticeDrafted", "DocumentIssued", "ProgrammeDefined", "ProgrammeRevised":
		return true
	}
	return false
}

// Document is an official paper, by name and number: a basis of a programme or
// notice, or one that a campaign issued.
type Document struct {
	Name   string `json:"name"`
	Number string `json:"number,omitempty"`
	Issued Day    `json:"issued,omitzero"`
	File   []byte `json:"file,omitempty"` // tag of the file
}
