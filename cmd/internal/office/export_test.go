package office

import "reliefledger.org/ledger/eventstore"

// Wrapped are options with which the store is wrapped as soon as it is opened.
func Wrapped(opts Options, wrap func(eventstore.Store) eventstore.Store) Options {
	opts.wrap = wrap
	return opts
}

// Rows are the kinds and statuses of the table of errors.
func Rows() (list []struct {
	Kind   Kind
	Status int
}) {
	for _, f := range faults {
		list = append(list, struct {
			Kind   Kind
			Status int
		}{f.kind, f.status})
	}
	return list
}
