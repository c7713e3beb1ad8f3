package domain

// A document is kept beside the ledger (eventstore/vault/documents); an event
// names it by its tag, 32 bytes that say nothing to whoever lacks the case's key.

const tagSize = 32

// checkTag refuses what is no tag; a field may be empty.
func checkTag(field string, tag []byte) error {
	if len(tag) != 0 && len(tag) != tagSize {
		return refuse(FieldWrong, field, len(tag))
	}
	return nil
}

// checkTags refuses documents whose files are no tags.
func checkTags(field string, list []Document) error {
	for _, d := range list {
		if err := checkTag(field, d.File); err != nil {
			return err
		}
	}
	return nil
}

// Documents are the tags of the files that an event names, of the case of its
// stream.
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

// NamesDocuments reports whether events of a type can name files: who reads a
// whole ledger for them need not decode the others.
func NamesDocuments(name string) bool {
	switch name {
	case "ReceiptRecorded", "NoticeReviewed", "NoticePublished", "NoticeDrafted", "DocumentIssued", "ProgrammeDefined", "ProgrammeRevised":
		return true
	}
	return false
}

// Document is a basis or other paper by name and number.
type Document struct {
	Name   string `json:"name"`
	Number string `json:"number,omitempty"`
	Issued Day    `json:"issued,omitzero"`
	File   []byte `json:"file,omitempty"` // tag of the file
}
